"""Set-up says before what it takes and how much there is to download, and meanwhile how far it is."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts import download_sizes, prepare

PIP = """\
Collecting flask==3.1.3 (from -r requirements-laptop.txt (line 1))
  Downloading flask-3.1.3-py3-none-any.whl.metadata (3.2 kB)
  Downloading flask-3.1.3-py3-none-any.whl (103 kB)
  Using cached click-8.3.1-py3-none-any.whl (108 kB)
  Downloading pyarrow-22.0.0-cp311-cp311-manylinux_2_28_x86_64.whl (47.9 MB)
Downloading tiny-1-py3-none-any.whl (820 bytes)
Installing collected packages: flask, click, pyarrow, tiny
"""
SIZES: dict[str, int] = json.loads(Path(prepare.SIZES).read_text("utf-8"))


class Terminal(io.StringIO):
    """Standard output, as a terminal."""

    def isatty(self) -> bool:
        return True


def pip(text: str) -> io.BufferedReader:
    """Return what pip prints, as a pipe whose writer is gone."""
    reading, writing = os.pipe()
    os.write(writing, text.encode())
    os.close(writing)
    return os.fdopen(reading, "rb")


def clock(*times: float) -> Iterator[float]:
    """Yield times, the last one for ever."""
    yield from times
    while True:
        yield times[-1]


def test_every_locked_package_has_a_size_and_no_other_has() -> None:
    assert set(SIZES) == download_sizes.locked(), "run `python -m scripts.download_sizes`"


def test_only_what_is_new_is_weighed(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text(
        "# x==9\nkept==1 \\\n    --hash=sha256:0\nnew-one==2 ; python_full_version < '3.12' \\\n"
        "windows==3 ; sys_platform == 'win32'\n"
    )
    sizes = tmp_path / "sizes.json"
    sizes.write_text('{"kept==1": 5, "gone==1": 7}')
    assert download_sizes.main(sizes, tmp_path, {"new-one==2": 30}.__getitem__) == 0
    assert json.loads(sizes.read_text()) == {"kept==1": 5, "new-one==2": 30}


def test_what_is_there_is_not_announced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sizes.json").write_text('{"Has.Dots==1": 1, "other==2": 20, "third==3": 300, "third==4": 300}')
    monkeypatch.setattr(prepare, "SIZES", str(tmp_path / "sizes.json"))
    lock = tmp_path / "lock.txt"
    lock.write_text(
        "Has.Dots==1 \\\n    --hash=sha256:0\nother==2 \\\nthird==3 ; python_version < '3.12' \\\n"
        "third==4 ; python_version >= '3.12'\nunknown==5\n"
    )
    assert prepare.plan(str(lock), str(tmp_path)) == (3, 321)
    (tmp_path / "lib" / "python3.11" / "site-packages" / "has_dots-1.dist-info").mkdir(parents=True)
    assert prepare.plan(str(lock), str(tmp_path)) == (2, 320)


def test_terminal_sees_one_line_that_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = Terminal()
    monkeypatch.setattr(sys, "stdout", shown)
    packages = clock(10, 14)
    with pip(PIP) as output:
        prepare.Progress(4, lambda: int(next(packages))).follow(output)
    assert shown.getvalue() == "\r  4 of 4 packages fetched, 48 MB downloaded, 4 installed\n"


def test_pipe_gets_a_line_every_few_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    times = clock(0.0, 1.0, 5.0, 5.0, 6.0, 11.0)
    progress = prepare.Progress(2, lambda: 0, times.__next__)
    for line in ("Downloading a-1-py3-none-any.whl (2.0 MB)", "Downloading b-1-py3-none-any.whl (1 GB)", "", ""):
        progress.line(line)
        progress.show()
    assert capsys.readouterr().out.splitlines() == [
        "  2 of 2 packages fetched, 1002 MB downloaded, 0 installed",
        "  2 of 2 packages fetched, 1002 MB downloaded, 0 installed",
    ]


def test_set_up_tells_before_what_it_takes(tmp_path: Path) -> None:
    python = tmp_path / "env" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\ncase $1 in -c) echo 3.12;; *) echo "$*" > "$0.asked";; esac\n')
    python.chmod(0o755)
    package, size = max(SIZES.items(), key=lambda one: one[1])
    (tmp_path / "lock.txt").write_text(f"{package} \\\n    --hash=sha256:0\n")
    command = [sys.executable, prepare.__file__, "lock.txt", "env/stamp", "--folder", "env"]
    done = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
    told = f"Installing lock.txt: 1 package, about {size / 1e6:.0f} MB to download if pip has kept none"
    assert done.stdout.splitlines()[0] == told
    assert "--quiet" not in Path(f"{python}.asked").read_text()
