"""docs/cli.md is true: its commands were run, its codes and variables are the program's."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from pathlib import Path

from scripts import cli_reference
from tests.bench.stack import stack
from tests.cli.terminal import textmill
from textmill_cli.errors import FAULT, INTERRUPTED, KINDS, PIPE_CLOSED
from textmill_cli.group import textmill as group

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")


def section(heading: str) -> str:
    """Return what stands under a heading."""
    return PAGE.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]


def test_first_steps_read_as_written() -> None:
    transcript = section("First steps").split("```console\n")[1].split("```")[0]
    with stack() as running:
        settings = {"TEXTMILL_SERVER": f"http://127.0.0.1:{running.port}"}
        for part in re.split(r"^\$ ", transcript, flags=re.MULTILINE)[1:]:
            command, _, expected = part.partition("\n")
            program, *arguments = shlex.split(command)
            if program == "export":
                name, _, value = arguments[0].partition("=")
                settings[name] = value.replace("$PWD", str(ROOT))
                continue
            done = textmill(*arguments, settings=settings)
            assert (program, done.code, done.out) == ("textmill", 0, expected), command


def test_every_exit_code_is_in_the_table() -> None:
    rows = dict(re.findall(r"^\| (\d+) \| (.+) \|$", section("Exit codes"), re.MULTILINE))
    assert rows | {str(one.exit_code): one.meaning for one in KINDS} == rows
    assert rows.keys() - {str(one.exit_code) for one in KINDS} == {
        "0",
        "2",
        *map(str, (FAULT, INTERRUPTED, PIPE_CLOSED)),
    }
    assert Counter(one.exit_code for one in KINDS).most_common(1)[0][1] == 1


def test_every_variable_is_in_the_table() -> None:
    read = {
        name
        for path in (ROOT / "cli").rglob("*.py")
        for name in re.findall(r'"(TEXTMILL_[A-Z_]+)"', path.read_text(encoding="utf-8"))
    }
    assert set(re.findall(r"^\| `(TEXTMILL_[A-Z_]+)` \|", section("Which service"), re.MULTILINE)) == read


def test_every_option_that_chooses_a_service_is_explained() -> None:
    options = {name for one in group.params for name in one.opts if name[:2] == "--"} - {"--version"}
    assert options == set(re.findall(r"`(--[a-z-]+)", section("Which service") + section("Trying again")))


def test_every_command_is_explained() -> None:
    explained = section("First steps").split("```")[2]
    assert [name for name in group.commands if name != "completion" and f"`{name}" not in explained] == []


def test_reference_is_what_help_prints() -> None:
    assert cli_reference.PAGE.read_text(encoding="utf-8") == cli_reference.page()
    assert "## textmill submit\n" in cli_reference.page()
