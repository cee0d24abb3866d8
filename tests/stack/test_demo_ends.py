"""However the demo ends, it stops what it started, says so, and leaves its logs only where somebody needs them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.contract.server import until
from tests.stack.processes import descendants
from tests.stack.test_running import ENVIRONMENT, ROOT, command, read_until


def demo(folder: Path, *words: str | bytes, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run the demo to its end, with its temporary files in a folder of the test's."""
    return subprocess.run(
        [*command("demo"), *words],
        cwd=ROOT,
        env=_environment(folder, environment),
        capture_output=True,
        timeout=120,
        check=False,
    )


def _environment(folder: Path, more: Mapping[str, str]) -> dict[str, str]:
    (folder / "tmp").mkdir()
    return ENVIRONMENT | {"TMPDIR": str(folder / "tmp")} | dict(more)


def _hears() -> None:
    """Take back that SIGHUP is ignored, which holds for all that nohup starts, these tests included."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def left(folder: Path) -> list[Path]:
    """Return what a demo left in its temporary folder."""
    return list((folder / "tmp").iterdir())


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("times", [1, 3])
def test_demo_that_is_told_to_stop_leaves_no_process_and_no_folder(
    tmp_path: Path, sign: signal.Signals, times: int
) -> None:
    process = subprocess.Popen(
        command("demo"),
        cwd=ROOT,
        env=_environment(tmp_path, {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_hears,  # noqa: PLW1509 - it only sets what signals do
    )
    read_until(process.stdout, "ready")
    children = descendants(process.pid)
    assert len(children) >= 5
    for _ in range(times):
        process.send_signal(sign)
    printed, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (128 + sign, "")
    assert printed.splitlines()[-1] == "interrupted; everything is stopped"
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children))  # init may be slow to bury the killed
    assert left(tmp_path) == []


def test_demo_outlives_its_terminal_where_nohup_has_started_it(tmp_path: Path) -> None:
    words = ["nohup", *command("demo")]
    process = subprocess.Popen(
        words, cwd=ROOT, env=_environment(tmp_path, {}), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    read_until(process.stdout, "ready")
    process.send_signal(signal.SIGHUP)
    printed, _ = process.communicate(timeout=60)
    assert (process.returncode, printed.splitlines()[-1]) == (0, "everything is stopped")


def test_demo_that_fails_keeps_its_logs_and_names_them(tmp_path: Path) -> None:
    done = demo(tmp_path, TEXTMILL_LOG_LEVEL="loud")
    told = done.stderr.decode()
    assert done.returncode == 1
    assert "TEXTMILL_LOG_LEVEL='loud'" in told
    assert "Traceback" not in told
    (kept,) = map(Path, re.findall(r"^textmill: the logs are kept in (.+)$", told, re.MULTILINE))
    assert list(kept.parent.iterdir()) == [kept]
    assert (kept / "operator.log").exists()
    assert done.stdout.endswith(b"everything is stopped\n")


def test_demo_of_a_file_that_is_no_text_says_so_and_keeps_nothing(tmp_path: Path) -> None:
    (tmp_path / "picture").write_bytes(b"\x89PNG\0\0")
    done = demo(tmp_path, "--file", str(tmp_path / "picture"))
    assert (done.returncode, left(tmp_path)) == (1, [])
    assert b"NotText" in done.stderr


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("folder", "is a folder"), ("none", "there is no file"), ("pipe", "is no regular file"), ("file/x", "cannot be")],
)
def test_what_is_no_file_is_refused_before_anything_starts(tmp_path: Path, name: str, sentence: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    done = demo(tmp_path, "--file", str(tmp_path / name))
    assert (done.returncode, done.stdout) == (1, b"")
    assert sentence in done.stderr.decode()


@pytest.mark.parametrize(
    ("encoding", "shown", "bar"), [("ascii", "na?ve", "#"), ("iso-8859-1", "naïve", "#"), ("utf-8", "naïve", "█")]
)
def test_demo_shows_what_the_terminal_can_and_takes_any_file_name(
    tmp_path: Path, encoding: str, shown: str, bar: str
) -> None:
    path = os.fsencode(tmp_path) + b"/caf\xe9.txt"
    Path(os.fsdecode(path)).write_text("naïve naïve дом\n", encoding="utf-8")
    done = demo(tmp_path, "--file", path, PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (0, b"")
    printed = done.stdout.decode(encoding)
    assert re.search(rf"^  {re.escape(shown)} +{bar * 40} +2$", printed, re.MULTILINE)
    assert "uploading caf" in printed


def test_demo_ends_in_order_when_nobody_reads_it_any_more(tmp_path: Path) -> None:
    process = subprocess.Popen(
        command("demo"), cwd=ROOT, env=_environment(tmp_path, {}), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    with process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline().startswith(b"starting")
        process.stdout.close()
        assert process.stderr.read() == b""
    assert (process.returncode, left(tmp_path)) == (0, [])
