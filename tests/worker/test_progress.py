"""What a worker tells of how far it is: seldom, in whole lines, rightly, and never where a report may break."""

from __future__ import annotations

import io
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.worker.packing import PACK
from tests.worker.runs import UID, drop, path_order, run_both
from textmill import glimpses
from textmill.glimpses import Glimpse
from worker.progress import Progress

TEXT = b"some words of a text that is read in several blocks\n" * 20_000


class Clock:
    """A clock that a test moves."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def told(text: str) -> list[dict[str, int]]:
    """Return what was told, line by line; every line must be one."""
    assert text.endswith("\n") or not text
    return [json.loads(line.removeprefix(glimpses.PREFIX)) for line in text.splitlines()]


def test_nothing_is_told_of_what_is_through_within_a_second() -> None:
    clock, out = Clock(), io.StringIO()
    progress = Progress("u", 1000, clock=clock, out=out)
    for step in range(100):
        clock.now += 0.0099
        progress.at(step * 10)
    assert out.getvalue() == ""


def test_rate_is_that_since_the_line_before() -> None:
    clock, out = Clock(), io.StringIO()
    progress = Progress("u", 1000, clock=clock, out=out)
    for seconds, done in ((2, 100), (0.5, 400), (0.5, 500), (4, 500)):
        clock.now += seconds
        progress.at(done)
    assert [(one["bytes"], one["rate"]) for one in told(out.getvalue())] == [(100, 50), (500, 400), (500, 0)]


def test_steps_stand_for_their_part_of_the_bytes() -> None:
    clock, out = Clock(), io.StringIO()
    progress = Progress("u", 1000, 10, clock=clock, out=out)
    for _ in range(4):
        clock.now += 1
        progress.add(4)
    assert [one["bytes"] for one in told(out.getvalue())] == [400, 800, 1000, 1000]


def test_text_without_a_word_divides_by_nothing() -> None:
    clock, out = Clock(), io.StringIO()
    progress = Progress("u", 5, 0, clock=clock, out=out)
    clock.now += 2
    progress.add(0)
    assert [one["bytes"] for one in told(out.getvalue())] == [0]


def test_threads_never_mix_their_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glimpses, "due", lambda last, now: now > last)
    out = io.StringIO()
    progress = Progress("u", 8000, out=out)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(progress.add, [1] * 8000))
    bytes_told = [one["bytes"] for one in told(out.getvalue())]
    assert bytes_told == sorted(bytes_told)
    assert bytes_told[-1] == 8000


@pytest.mark.parametrize("packed", [None, "gzip"])
def test_tokenizer_and_count_tell_up_to_their_ends(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, packed: str | None
) -> None:
    monkeypatch.setattr(glimpses, "due", lambda last, now: now > last)
    content = PACK[packed](TEXT) if packed else TEXT
    drop(tmp_path, content)
    run_both(tmp_path, path_order())
    found = [glimpses.latest(line, 0.0) for line in capsys.readouterr().out.splitlines()]
    done = [(one.uid, one.done, one.total) for one in found if one]
    assert len(done) == len(found) >= 3
    assert done[-1] == (UID, len(content), len(content)), "the count's end"
    again = next(place for place, one in enumerate(done) if place and one[1] < done[place - 1][1])
    assert done[again - 1] == (UID, len(content), len(content)), "the tokenizer's end"


def test_shard_tells_of_its_own_part(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(glimpses, "due", lambda last, now: now > last)
    drop(tmp_path, TEXT)
    run_both(tmp_path, path_order(), 2)
    found = [glimpses.latest(line, 0.0) for line in capsys.readouterr().out.splitlines()]
    totals = {one.total for one in found if one}
    assert len(TEXT) in totals
    assert sum(totals - {len(TEXT)}) in (len(TEXT), len(TEXT) // 2)


def test_glimpse_reads_as_it_was_told() -> None:
    clock, out = Clock(), io.StringIO()
    progress = Progress("u", 1000, clock=clock, out=out)
    clock.now += 2
    progress.at(500)
    assert glimpses.latest(out.getvalue(), 7.0) == Glimpse("u", 500, 1000, 250, 7.0)
