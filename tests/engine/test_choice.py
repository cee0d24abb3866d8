"""Which engine counts: the compiled one where it is built; else the reference, which says so and counts alike."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from checks.tree import ROOT
from scripts import build_engine, test_engine
from tests.engine.making import REAL
from tests.worker.runs import worker
from worker import engines

NONE = "import sys; sys.modules['textmill_engine'] = None"
OLD = "import sys, types; sys.modules['textmill_engine'] = types.ModuleType('textmill_engine')"


@pytest.fixture
def text(tmp_path: Path) -> str:
    path = tmp_path / "text.txt"
    path.write_text(REAL, "utf-8")
    return str(path)


@pytest.mark.parametrize(("before", "line"), [(NONE, engines.NOT_BUILT), (OLD, engines.OUTDATED)])
def test_worker_without_the_engine_says_so_once_and_counts_alike(text: str, before: str, line: str) -> None:
    without = worker("count", "--csv", "--top", "0", text, before=before)
    chosen = worker("count", "--csv", "--top", "0", text)
    assert (without.code, without.errors) == (0, f"{line}\n")
    assert without.output == chosen.output
    assert without.output.startswith("word,count\n")
    assert chosen.errors == ("" if engines.built() else f"{engines.NOT_BUILT}\n")


def test_run_that_is_for_the_compiled_engine_has_it() -> None:
    """Without it all that compares the engines would pass on the reference alone."""
    assert engines.built() or not os.environ.get(test_engine.ENGINE_WANTED), "build it by `make engine`"


def test_every_test_that_calls_the_worker_runs_with_the_engine_as_well() -> None:
    (step,) = (one for one in test_engine.steps("any", ROOT, miri=False) if one.name == "tests from Python")
    assert step.environ == {test_engine.ENGINE_WANTED: "1"}
    worker = re.compile(r"^(from|import) (worker|tests\.worker\.runs|tests\.engine)\b", re.MULTILINE)
    every = (ROOT / "tests").rglob("test_*.py")
    calls = {str(path.relative_to(ROOT)) for path in every if worker.search(path.read_text("utf-8"))}
    assert {path for path in calls if not path.startswith(test_engine.WITH_ENGINE)} == set()


def test_building_without_cargo_says_so_and_succeeds(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scripts.build_engine"],
        cwd=ROOT,
        env={"PATH": str(tmp_path), "PYTHONPATH": str(ROOT)},
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout == f"{build_engine.NO_RUST}\n"
    assert list(tmp_path.iterdir()) == []


def test_building_never_lets_maturin_fetch_a_toolchain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[dict[str, str]] = []

    def run(_command: list[str], *, env: dict[str, str], **_: Any) -> SimpleNamespace:
        ran.append(env)
        (tmp_path / "made.whl").touch()
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr(subprocess, "run", run)
    assert build_engine.build(tmp_path) == tmp_path / "made.whl"
    assert [one["MATURIN_NO_INSTALL_RUST"] for one in ran] == ["1"]


def test_digest_follows_the_sources(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    for name in ("Cargo.toml", "Cargo.lock", "pyproject.toml", "src/lib.rs"):
        (tmp_path / name).write_text("1")
    before = build_engine.digest(tmp_path)
    assert build_engine.digest(tmp_path) == before
    (tmp_path / "src" / "new.rs").write_text("1")
    assert build_engine.digest(tmp_path) != before
