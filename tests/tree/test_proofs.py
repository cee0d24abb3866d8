"""The tables of `docs/cluster.md` that say where something is proved name tests that are there."""

from __future__ import annotations

import re

import pytest

from checks import tree

PAGE = (tree.ROOT / "docs" / "cluster.md").read_text("utf-8")


@pytest.mark.parametrize(("heading", "folder"), [("Bad days", "tests/e2e"), ("What people complain about", "tests")])
def test_every_row_names_tests_that_are_there(heading: str, folder: str) -> None:
    section = PAGE.split(f"\n## {heading}", 1)[1].split("\n## ", 1)[0]
    rows = [line.strip("| ").split(" | ")[-1] for line in section.splitlines() if line.startswith("| ")][1:]
    named = [re.findall(r"`([^`]+)`", row) for row in rows]
    assert len(rows) >= 10
    assert [row for row, files in zip(rows, named, strict=True) if not files] == []
    assert [file for files in named for file in files if not (tree.ROOT / folder / file).is_file()] == []
