"""Waiting: a service that can hold its answer back is asked to, and one that cannot is not hurried."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.bench.stack import Stack, stack
from tests.cli.answering import REQUEST, Told, answering, problem
from tests.cli.terminal import textmill
from textmill_cli.errors import TooSlow
from textmill_cli.patience import Patience
from textmill_cli.run import main
from textmill_cli.watching import LAST_LOOK, LONGEST_HOLD, looked_at

ENDED = REQUEST | {"phase": "Succeeded", "progress": {"percent": 100}}


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def go_on(self, seconds: float) -> None:
        """Let so much time pass."""
        self.now += seconds
        self.slept.append(seconds)

    def patience(self) -> Patience:
        """Return a patience by this clock."""
        return Patience(clock=lambda: self.now, sleep=self.go_on)


def tagged(answer: dict[str, Any], tag: str) -> Told:
    """Return a request as an answer with its tag."""
    return Told(200, answer, {"ETag": tag})


def test_wait_is_one_held_call_until_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    answers = [tagged(REQUEST, '"7"'), tagged(REQUEST, '"7"'), tagged(ENDED, '"9"'), tagged(ENDED, '"9"')]
    with answering(*answers) as script:
        assert main(["get", "alice", "--wait", "--server", script.address]) == 0
    held = [(one.path, one.headers.get("If-None-Match")) for one in script.asked if "wait=" in one.path]
    assert held == [("/requests/alice?wait=30s", '"7"')]
    assert json.loads(capsys.readouterr().out)["phase"] == "Succeeded"


@pytest.mark.parametrize("refusal", [problem(503, "TooManyStreams"), Told(None)])
def test_service_that_holds_nothing_back_is_asked_again(refusal: Told) -> None:
    with answering(tagged(REQUEST, '"7"'), tagged(REQUEST, '"7"'), refusal, tagged(ENDED, '"9"')) as script:
        assert main(["get", "alice", "--wait", "--server", script.address]) == 0
    assert [one.path for one in script.asked][-1] == "/requests/alice"


def test_service_that_answers_at_once_is_not_hurried() -> None:
    clock = Clock()
    with pytest.raises(TooSlow):
        list(looked_at(lambda _: REQUEST, ["alice"], clock.patience(), 60.0))
    assert sorted(clock.slept[:-1]) == clock.slept[:-1]
    assert clock.slept.count(LAST_LOOK) > 20
    assert clock.now == 60.0


def test_answer_is_held_no_longer_than_the_deadline_or_for_many_requests() -> None:
    clock, held = Clock(), []

    def hold(name: str, seconds: float) -> None:
        held.append((name, seconds))
        clock.go_on(seconds)

    with pytest.raises(TooSlow, match="alice"):
        list(looked_at(lambda _: REQUEST, ["alice"], clock.patience(), 50.0, hold))
    assert [seconds for _, seconds in held] == [LONGEST_HOLD, 20.0, 0.0]
    held.clear()
    with pytest.raises(TooSlow):
        list(looked_at(lambda _: REQUEST, ["alice", "bob"], clock.patience(), clock.now + 50.0, hold))
    assert max(seconds for _, seconds in held) == LAST_LOOK


@pytest.fixture(scope="module")
def running() -> Iterator[Stack]:
    with stack() as one:
        yield one


def test_many_requests_are_waited_for_together(running: Stack, tmp_path: Any) -> None:
    files = []
    for number in range(12):
        (tmp_path / f"{number}.txt").write_text("word " * number)
        files.append(str(tmp_path / f"{number}.txt"))
    settings = {"TEXTMILL_SERVER": f"http://127.0.0.1:{running.port}"}
    done = textmill("submit", *files, "--wait", settings=settings)
    assert done.code == 0, done.err
    assert [one["result"]["tokens"] for one in done.lines] == list(range(12))
