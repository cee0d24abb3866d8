"""Set-up chooses a Python that fits, says clearly when none does, and installs nothing twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts import prepare

GOOD = "3.12"


def answers(**versions: str) -> Callable[[str, str], str]:
    """Stand in for `ask`: a version for each interpreter; `bare` has no ensurepip."""

    def ask(python: str, program: str) -> str:
        if program == prepare.PROBE and python == "bare":
            return ""
        return versions.get(python, "")

    return ask


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14"])
def test_supported_version_fits(version: str) -> None:
    assert prepare.fits(version) is True


@pytest.mark.parametrize("version", ["2.7", "3.6", "3.10", "3.15", "4.0", ""])
def test_other_version_does_not_fit(version: str) -> None:
    assert prepare.fits(version) is False


def test_first_interpreter_that_fits_is_chosen() -> None:
    assert prepare.choose(["old", "bare", "absent", "good"], answers(old="3.9", bare=GOOD, good=GOOD)) == "good"


def test_no_interpreter_is_told_with_what_was_found() -> None:
    with pytest.raises(prepare.NoInterpreter) as told:
        prepare.choose(["old", "bare", "absent"], answers(old="3.9", bare=GOOD))
    assert str(told.value) == (
        "Textmill needs Python 3.11 to 3.14 with venv and ensurepip, and found none:\n"
        "  old is Python 3.9\n"
        "  bare (3.12) lacks venv or ensurepip\n"
        "  absent is not to be run\n"
        "Install one (Debian, Ubuntu: apt-get install python3 python3-venv)\n"
        "or name one: make PYTHON=/path/to/python3 ..."
    )


def test_named_interpreter_is_the_only_candidate() -> None:
    assert prepare.candidates({"PYTHON": "mine"}) == ["mine"]


def test_candidates_begin_with_the_running_interpreter_then_newest() -> None:
    assert prepare.candidates({})[1:] == ["python3.14", "python3.13", "python3.12", "python3.11"]


def test_stamp_older_than_the_lock_is_not_fresh(tmp_path: Path) -> None:
    stamp, lock = tmp_path / "stamp", tmp_path / "lock"
    lock.touch()
    assert prepare.is_fresh(str(stamp), str(lock)) is False
    stamp.touch()
    os.utime(stamp, (1000, 1000))
    assert prepare.is_fresh(str(stamp), str(lock)) is False
    prepare.touch(str(stamp))
    assert prepare.is_fresh(str(stamp), str(lock)) is True


def test_fresh_stamps_install_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lock, stamp = tmp_path / "lock.txt", tmp_path / "stamp"
    lock.touch()
    stamp.touch()
    assert prepare.main([str(lock), str(stamp), "--folder", str(tmp_path / "env")], {}) == 0
    assert (capsys.readouterr().out, (tmp_path / "env").exists()) == ("", False)


def test_interpreter_that_cannot_run_ends_with_two(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lock = tmp_path / "lock.txt"
    lock.touch()
    arguments = [str(lock), str(tmp_path / "stamp"), "--folder", str(tmp_path / "env")]
    assert prepare.main(arguments, {"PYTHON": str(tmp_path / "absent")}) == 2
    assert "absent is not to be run" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [lock]


def test_folder_that_cannot_be_written_is_one_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    lock, env = tmp_path / "lock.txt", tmp_path / "env"
    lock.touch()
    arguments = [str(lock), str(lock / "stamp"), "--folder", str(env)]
    assert prepare.main(arguments, {"PYTHON": sys.executable}) == 2
    (told,) = capfd.readouterr().err.splitlines()
    assert told.startswith("Set-up stopped: ")
    assert told.endswith("; this folder has to be writable, on a disk with room")


def test_environment_is_made_and_filled_by_hash_only(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    lock, env = tmp_path / "lock.txt", tmp_path / "env"
    lock.write_text("# nothing\n")
    stamps = [str(env / "one.stamp"), str(env / "two.stamp")]
    arguments = [str(lock), *stamps, "--folder", str(env)]
    assert prepare.main(arguments, {"PYTHON": sys.executable}) == 0
    assert prepare.ask(str(env / "bin" / "python"), "import sys; print(sys.prefix)") == str(env)
    assert all(Path(stamp).exists() for stamp in stamps)
    assert capfd.readouterr().out.startswith(f"Creating {env} with {sys.executable}\n")
    lock.write_text("flask==3.1.3\n")
    os.utime(stamps[0], (1000, 1000))
    assert prepare.main(arguments, {}) == 2
    told = capfd.readouterr()
    assert "Hashes are required" in told.err
    assert told.err.splitlines()[-2].endswith(
        "check the network, the proxy (HTTPS_PROXY) and the index (PIP_INDEX_URL)"
    )
    assert "Creating" not in told.out
    assert prepare.is_fresh(stamps[0], str(lock)) is False


def program(path: Path, text: str) -> str:
    """Write a shell script that stands in for a Python, and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("asked", "told"),
    [("3.12", ""), ("3.13", "{env} keeps its Python 3.12; `make distclean` first has it made with {python}\n")],
)
def test_environment_with_another_python_than_asked_for_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], asked: str, told: str
) -> None:
    lock, env = tmp_path / "lock.txt", tmp_path / "env"
    program(env / "bin" / "python", "echo 3.12")
    python = program(tmp_path / "asked", f"echo {asked}")
    lock.touch()
    (env / "stamp").touch()
    assert prepare.main([str(lock), str(env / "stamp"), "--folder", str(env)], {"PYTHON": python}) == 0
    assert capsys.readouterr().out == told.format(env=env, python=python)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_set_up_is_one_line_and_leaves_no_process(tmp_path: Path, number: signal.Signals) -> None:
    (tmp_path / "lock.txt").touch()
    python = program(tmp_path / "slow", "case $1 in -c) echo 3.12;; *) sleep 1000 & echo made; wait;; esac")
    arguments = [str(tmp_path / "lock.txt"), str(tmp_path / "stamp"), "--folder", str(tmp_path / "env")]
    process = subprocess.Popen(
        [sys.executable, prepare.__file__, *arguments],
        env={**os.environ, "PYTHON": python},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert [process.stdout.readline() for _ in range(2)][1] == "made\n"
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)  # which waits for every process that holds the pipes
    assert (process.returncode, errors) == (130, "Set-up was interrupted; run it again\n")


def test_script_has_the_syntax_of_an_old_python(request: pytest.FixtureRequest) -> None:
    program = "import ast, sys; ast.parse(open(sys.argv[1]).read(), feature_version=(3, 6))"
    script = str(request.config.rootpath / "scripts" / "prepare.py")
    subprocess.run([sys.executable, "-c", program, script], check=True)
