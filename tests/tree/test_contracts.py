"""The import contracts stand for the table of the architecture: each breaks on a planted import, none without.

The real settings are run over a made-up tree with the real rooms' names, so what is tested is pyproject.toml
itself and not a copy of it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from checks import tree

ROOMS = (
    *("textmill", "app", "textmill_operator", "textmill_cli", "worker", "image"),
    *("local", "local/apiserver", "local/jobs", "local/kubelet", "cluster"),
)
PLANTED = [
    ("textmill", "import flask", "textmill"),
    ("textmill", "import time", "textmill"),
    ("textmill", "import worker", "textmill"),
    ("app", "import kopf", "app"),
    ("app", "import local", "app"),
    ("app", "import worker", "app"),
    ("textmill_operator", "import app", "operator"),
    ("textmill_operator", "import flask", "operator"),
    ("worker", "import kubernetes", "worker"),
    ("worker", "import socket", "worker"),
    ("worker", "import textmill_operator", "worker"),
    ("textmill_cli", "import app", "cli"),
    ("textmill_cli", "import worker", "cli"),
    ("textmill_cli", "import flask", "cli"),
    ("app", "import textmill_cli", "app"),
    ("local", "import textmill", "local"),
    ("local", "import kubernetes", "local"),
    ("image", "import app", "image"),
    ("image", "import kubernetes", "image"),
    ("local/apiserver", "import local.jobs", "local"),
    ("local/kubelet", "import local.apiserver", "local"),
    ("cluster", "import textmill", "cluster"),
    ("app", "import cluster", "product"),
]


@pytest.fixture
def rooms(tmp_path: Path) -> Path:
    for room in ROOMS:
        (tmp_path / room).mkdir()
        (tmp_path / room / "__init__.py").write_text("")
    (tmp_path / "pyproject.toml").write_text((tree.ROOT / "pyproject.toml").read_text("utf-8"))
    return tmp_path


def lint(root: Path) -> dict[str, str]:
    """Return each contract's sentence with KEPT or BROKEN."""
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    environ = {**os.environ, "COLUMNS": "300"}
    done = subprocess.run(command, cwd=root, env=environ, check=False, capture_output=True, text=True)
    lines = [line for line in done.stdout.splitlines() if line.endswith((" KEPT", " BROKEN"))]
    return {line.rpartition(" ")[0]: line.rpartition(" ")[2] for line in lines}


def test_right_imports_keep_every_contract(rooms: Path) -> None:
    (rooms / "app" / "good.py").write_text("import flask, kubernetes, textmill\n")
    (rooms / "textmill_operator" / "good.py").write_text("import kopf, aiohttp, textmill\n")
    (rooms / "worker" / "good.py").write_text("import arro3, textmill\n")
    (rooms / "textmill_cli" / "good.py").write_text("import click, kubernetes, textmill, urllib3\n")
    (rooms / "image" / "good.py").write_text("import subprocess, urllib.request\n")
    (rooms / "local" / "good.py").write_text("import aiohttp, local.apiserver, local.kubelet\n")
    (rooms / "cluster" / "good.py").write_text("import cryptography\n")
    contracts = [one["name"] for one in tree.settings()["tool"]["importlinter"]["contracts"]]
    assert lint(rooms) == dict.fromkeys(contracts, "KEPT")


@pytest.mark.parametrize(("room", "statement", "contract"), PLANTED)
def test_wrong_import_breaks_its_contract(rooms: Path, room: str, statement: str, contract: str) -> None:
    (rooms / room / "planted.py").write_text(f"{statement}\n")
    broken = [name for name, verdict in lint(rooms).items() if verdict == "BROKEN"]
    assert [name.partition(":")[0] for name in broken] == [contract]


def test_every_contract_is_broken_by_some_planted_import() -> None:
    contracts = [one["name"].partition(":")[0] for one in tree.settings()["tool"]["importlinter"]["contracts"]]
    assert set(contracts) == {contract for _, _, contract in PLANTED}
