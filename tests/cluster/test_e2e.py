"""Whatever ends a run on a real cluster, the cluster is stopped, and nothing is left of one that started half-way."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cluster import images, up
from cluster.errors import PartFailed
from cluster.places import Places
from scripts import e2e, system_packages

BEFORE = {"up": ["up"], "load": ["up", "load"], "run": ["up", "load", "run"]}
"""What was begun when a step ends the run."""


class Steps:
    """The steps of a run, none of them taken: which were, and what a test has one do."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.doing: dict[str, Callable[[], None]] = {}

    def step(self, name: str, result: object) -> Callable[..., object]:
        """Return what stands for a step."""

        def take(*_: object) -> object:
            self.taken.append(name)
            self.doing.get(name, lambda: None)()
            return result

        return take


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Let a signal that the command does not take fail the test, and put back what it does to this process."""
    before = signal.signal(signal.SIGTERM, lambda *_: pytest.fail("nobody takes SIGTERM"))
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Steps:
    """Put something in the place of every step."""
    made = Steps()
    monkeypatch.setattr(system_packages, "main", lambda _: 0)
    monkeypatch.setattr(e2e, "archive", lambda _: tmp_path / "image.tar")
    monkeypatch.setattr(e2e, "build", lambda _: None)
    monkeypatch.setattr(up, "up", made.step("up", Places(tmp_path)))
    monkeypatch.setattr(images, "load", made.step("load", None))
    monkeypatch.setattr(up, "run_inside", made.step("run", subprocess.CompletedProcess([], 3)))
    monkeypatch.setattr(up, "down", made.step("down", None))
    return made


def fail() -> None:
    raise PartFailed("etcd does not run", "see its log")


def end() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def test_run_ends_with_the_code_of_what_ran_inside(steps: Steps) -> None:
    assert e2e.main([]) == 3
    assert steps.taken == ["up", "load", "run", "down"]


def test_cluster_that_is_to_be_kept_is(steps: Steps) -> None:
    assert e2e.main(["--keep"]) == 3
    assert steps.taken == ["up", "load", "run"]


@pytest.mark.parametrize("name", ["up", "load"])
def test_step_that_fails_is_told_and_the_cluster_stopped(
    steps: Steps, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    steps.doing[name] = fail
    assert e2e.main([]) == 1
    assert steps.taken == [*BEFORE[name], "down"]
    assert capsys.readouterr().err == "etcd does not run\nsee its log\n"


@pytest.mark.parametrize("name", ["up", "load", "run"])
def test_sigterm_stops_the_cluster(steps: Steps, name: str) -> None:
    steps.doing[name] = end
    with pytest.raises(SystemExit) as ended:
        e2e.main([])
    assert ended.value.code == 128 + signal.SIGTERM
    assert steps.taken == [*BEFORE[name], "down"]
