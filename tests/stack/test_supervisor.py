"""The supervisor: what was ready once is started again for ever, what never is stops the stack, a stop is complete."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

import pytest

from local.errors import ChildFailed
from local.stack import supervisor as module
from local.stack.parts import Part
from local.stack.supervisor import Supervisor
from tests.stack.processes import descendants

DIES = "import pathlib, sys; p = pathlib.Path(sys.argv[1]); (p / 'ready').touch(); (p / 'starts').open('a').write('x')"
STAYS = (
    "import signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing wait before it is started again."""
    monkeypatch.setattr(module, "PAUSES", (0.0,) * 6)


def _supervisor(folder: Path, hurried: asyncio.Event | None = None) -> Supervisor:
    return Supervisor(folder, folder / "logs", os.environ, hurried)


def _wait(path: Path, size: int) -> None:
    end = time.monotonic() + 60
    while not path.exists() or path.stat().st_size < size:
        assert time.monotonic() < end
        time.sleep(0.01)


def test_part_that_was_ready_once_is_started_again_however_often_it_dies(tmp_path: Path) -> None:
    async def run() -> bool:
        supervisor = _supervisor(tmp_path)
        part = Part("dies", (sys.executable, "-c", DIES, str(tmp_path)), ready_file=tmp_path / "ready")
        await supervisor.start([part])
        failing = asyncio.ensure_future(supervisor.until_failed())
        await asyncio.to_thread(_wait, tmp_path / "starts", 3 * len(module.PAUSES))
        failed = failing.done()
        failing.cancel()
        await supervisor.stop()
        return failed

    assert asyncio.run(run()) is False


def test_part_that_is_never_ready_stops_the_stack_with_its_last_words(tmp_path: Path) -> None:
    async def run() -> None:
        supervisor = _supervisor(tmp_path)
        command = (sys.executable, "-c", "raise SystemExit('no such cluster')")
        try:
            await supervisor.start([Part("broken", command, ready_file=tmp_path / "ready")])
        finally:
            await supervisor.stop()

    with pytest.raises(ChildFailed, match="broken does not run: no such cluster") as told:
        asyncio.run(run())
    assert told.value.hint == f"the whole log is {tmp_path / 'logs' / 'broken.log'}"


def test_part_that_cannot_be_started_counts_as_one_that_died(tmp_path: Path) -> None:
    async def run() -> None:
        supervisor = _supervisor(tmp_path)
        try:
            await supervisor.start([Part("missing", (str(tmp_path / "none"),), ready_file=tmp_path / "ready")])
        finally:
            await supervisor.stop()

    with pytest.raises(ChildFailed, match="missing does not run"):
        asyncio.run(run())


def test_stop_that_is_hurried_kills_what_does_not_end(tmp_path: Path) -> None:
    async def run() -> list[int]:
        hurried = asyncio.Event()
        supervisor = _supervisor(tmp_path, hurried)
        await supervisor.start([Part("stays", (sys.executable, "-c", STAYS), stop_seconds=600)])
        await asyncio.to_thread(_wait, tmp_path / "logs" / "stays.log", 1)
        stopping = asyncio.ensure_future(supervisor.stop())
        hurried.set()
        async with asyncio.timeout(60):
            await stopping
        return descendants(os.getpid())

    before = descendants(os.getpid())
    assert set(asyncio.run(run())) <= set(before)


def test_pause_grows_and_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAUSES", (0.1, 5.0))
    pauses = [module.pause(deaths) for deaths in (1, 2, 3, 4, 5, 6, 7, 5000)]
    assert pauses == [0.1, 5.0, 10.0, 20.0, 40.0, 60.0, 60.0, 60.0]
