"""docs/resource.md names every field, phase, condition and reason, and nothing that does not exist."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

from tests.resource.api import Api
from tests.resource.definition import EXAMPLES, ROOT, fields
from textmill.conditions import OF_TOOLS
from textmill.errors import ADVICE
from textmill.request import Phase

PAGE = (ROOT / "docs" / "resource.md").read_text(encoding="utf-8")
CONDITIONS = {"Accepted", "Tokenized", "Counted", "Finished", "Succeeded", *OF_TOOLS}


def _tables() -> list[list[list[str]]]:
    """Return every table as rows of cells, without its head."""
    blocks = re.findall(r"(?:^\|.*\n)+", PAGE, re.MULTILINE)
    rows = [[line.strip("|").split("|") for line in block.splitlines()] for block in blocks]
    return [[[cell.strip(" `") for cell in row] for row in table[2:]] for table in rows]


def _first(row: list[str]) -> str:
    return row[0]


def _table_of(name: str) -> dict[str, list[str]]:
    found = [table for table in _tables() if name in map(_first, table)]
    assert len(found) == 1, f"{name} is in {len(found)} tables"
    return {row[0]: row[1:] for row in found[0]}


def test_page_names_every_field_of_the_spec() -> None:
    assert set(_table_of("spec.input")) == set(fields("spec"))


def test_page_names_every_field_of_the_status() -> None:
    assert set(_table_of("status.phase")) == set(fields("status"))


def test_page_gives_the_defaults() -> None:
    said = {name: cells[0] for name, cells in _table_of("spec.input").items() if cells[0] not in ("", "required")}
    nodes = fields("spec").items()
    assert said == {name: str(node["default"]).lower() for name, node in nodes if "default" in node}


def test_page_gives_every_range() -> None:
    table = _table_of("spec.input")
    for name in ("topWords", "priority", "timeoutSeconds", "retries", "ttlSecondsAfterFinished"):
        node = fields("spec")[f"spec.{name}"]
        assert f"{node['minimum']} to {node['maximum']}" in table[f"spec.{name}"][1]


def test_page_names_every_phase() -> None:
    assert tuple(_table_of("Tokenizing")) == get_args(Phase)


def test_page_names_every_condition() -> None:
    assert set(_table_of("Finished")) == CONDITIONS


def test_page_gives_the_advice_for_every_reason() -> None:
    said = {name: (cells[1], cells[2]) for name, cells in _table_of("NotText").items()}
    assert said == {str(reason): ("yes" if one.retryable else "no", one.hint) for reason, one in ADVICE.items()}


def test_page_shows_the_refusal_as_kubectl_prints_it(api: Api, config: Path) -> None:
    assert api.access.server
    shown = re.search(r"<<'END'\n(.*?)END\n(.*?)```", PAGE, re.DOTALL)
    assert shown
    command = [str(Path(sys.executable).parent / "kubectl"), "--kubeconfig", str(config), "apply", "-f", "-"]
    said = subprocess.run(command, input=shown[1], capture_output=True, text=True, check=False, timeout=60)
    assert said.returncode == 1
    assert said.stderr.split() == shown[2].split()


def test_page_names_only_examples_that_exist() -> None:
    named = set(re.findall(r"k8s/examples/([\w-]+\.yaml)", PAGE))
    assert named <= {path.name for path in EXAMPLES.iterdir()}
    assert named
