"""The image's commands: each leads to a module that is there, and becomes its process."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from checks.tree import ROOT
from image.__main__ import COMMANDS, command_line, usage
from worker import engines


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'operator'}"}
    command = [sys.executable, "-m", "image", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False)


def test_without_arguments_the_whole_stack_listens_on_every_address() -> None:
    state = ("--state", "/var/lib/textmill")
    assert command_line([], "python") == [
        *("python", "-m", "local", "run", *state),
        *("--host", "0.0.0.0", "--port", "5000"),  # noqa: S104 - what is tested
    ]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["api"], ["-m", "gunicorn", "-c", "app/gunicorn.conf.py", "app:create_app()"]),
        (["operator"], ["-m", "textmill_operator"]),
        (["sweep", "--dry-run"], ["-m", "app", "sweep", "--dry-run"]),
        (["tokenize", "--help"], ["-m", "worker", "tokenize", "--help"]),
        (["count", "-", "--csv"], ["-m", "worker", "count", "-", "--csv"]),
        (["check", "http://x"], ["-m", "image.check", "http://x"]),
        (["bill"], ["-m", "image.bill"]),
    ],
)
def test_command_hands_its_arguments_on(arguments: list[str], expected: list[str]) -> None:
    assert command_line(arguments, "python") == ["python", *expected]


def test_engine_is_named_and_its_lack_is_a_failure() -> None:
    done = run("engine")
    assert (done.stdout, done.returncode) == (f"{engines.engine().name}\n", 0 if engines.built() else 1)


def test_help_lists_every_command() -> None:
    done = run("--help")
    assert (done.returncode, done.stdout) == (0, usage())
    assert re.findall(r"^  (\w+)", done.stdout, re.MULTILINE) == list(COMMANDS)


def test_unknown_command_is_named_and_ends_with_two() -> None:
    done = run("serve")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("there is no command 'serve'\nusage: ")


def test_exit_code_and_output_are_those_of_the_part() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "image", "count", "-", "--csv"],
        cwd=ROOT, input=b"b a b", capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout.replace(b"\r", b"")) == (0, b"word,count\nb,2\na,1\n")
    assert run("count", "--no-such-option").returncode == 2


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - {"api", "bill", "engine"}))
def test_every_command_explains_itself(name: str) -> None:
    done = run(name, "--help")
    assert (done.returncode, done.stdout[:6]) == (0, "usage:"), done.stderr
