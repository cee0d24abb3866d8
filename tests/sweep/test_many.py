"""Sweeps of very many entries: in rounds, in little memory, with a report that stays short."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app import sweep, sweep_report
from app.marks import Looks
from app.sweep import Entry, Rules, decide, references
from app.volume import Stored
from tests.api import artefacts
from tests.sweep.conftest import GRACE, Mill, address
from tests.sweep.disturbing import disturbed
from textmill.names import REUSE_LABEL

COUNT = 20_000
BYTES_EACH = 150
"""What one kept request may hold, with its three entries; bodies, paths and entries as objects took some 2,500."""


def _bodies() -> Iterator[dict[str, Any]]:
    for number in range(COUNT):
        status = {
            "settled": True,
            "tokens": {"path": f"work/job-t-{number:012d}/00000000-0000-4000-8000-{number:012d}"},
            "result": {"table": {"path": f"results/job-c-{number:012d}/00000000-0000-4000-8000-{number:012d}"}},
        }
        yield {"metadata": {}, "spec": {"input": {"upload": f"{number:064x}"}}, "status": status}


def _entries() -> Iterator[Entry]:
    for body in _bodies():
        digest = body["spec"]["input"]["upload"]
        yield Entry(f"uploads/{digest[:2]}/{digest}", 0.0)
        yield Entry(body["status"]["tokens"]["path"], 0.0)
        yield Entry(body["status"]["result"]["table"]["path"], 0.0)


def _peak(make: Callable[[], object]) -> tuple[object, int]:
    tracemalloc.start()
    try:
        made = make()
        return made, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_kept_requests_cost_some_bytes_each() -> None:
    needed, peak = _peak(lambda: references(_bodies()))
    assert peak < COUNT * 5 * 100  # five paths each, sorted once

    rules = Rules(grace=GRACE, max_share=0.5)
    held = references(_bodies())
    plan, peak = _peak(lambda: decide(_entries(), [], held, Looks(), rules, 9_999.0))
    assert needed == held
    assert isinstance(plan, sweep.Plan)
    assert (plan.entries, len(plan.first_seen), plan.move) == (3 * COUNT, 0, ())
    assert peak < COUNT


def test_loose_entries_cost_some_bytes_each() -> None:
    rules = Rules(grace=GRACE, max_share=1.0, sure=True)
    plan, peak = _peak(lambda: decide(_entries(), [], references([]), Looks(), rules, 9_999.0))

    assert isinstance(plan, sweep.Plan)
    assert len(plan.first_seen) == plan.waiting.entries == 3 * COUNT
    assert peak < 3 * COUNT * BYTES_EACH


def test_all_goes_in_one_sweep_of_many_rounds_and_the_report_names_some(
    mill: Mill, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "ROUND", 3)
    monkeypatch.setattr(sweep_report, "NAMED", 4)
    for number in range(11):
        mill.put(f"work/j{number}/u/shard-00000/ids.arrow", age=9_999)

    report = mill.sweep_twice().to_dict()

    assert mill.files() == [address(b"kept")]
    assert report["counts"] == {"moved": 11, "restored": 0, "deleted": 11, "failed": 0}
    assert [len(report[kind]) for kind in ("moved", "deleted")] == [4, 4]


def test_report_says_what_waits_and_how_long(mill: Mill) -> None:
    mill.upload(b"gone", "gone")
    mill.cluster.delete("gone")
    mill.now += GRACE

    report = mill.sweep().to_dict()

    assert (report["waiting"], report["waitingBytes"]) == (1, 4)
    assert report["waitingUntil"] == "1970-01-12T13:50:00Z"


def test_request_made_while_the_files_are_looked_at_never_misses_its_content(mill: Mill) -> None:
    path = mill.upload(b"again", "gone")
    body = mill.cluster.get("gone")
    mill.cluster.delete("gone")
    mill.now += GRACE
    mill.sweep()
    mill.now += GRACE

    def moved() -> None:
        raise AssertionError

    disturbed(mill, {"list before the moves": lambda: mill.cluster.create(body), "first move": moved})

    assert path in mill.files()


def test_lost_table_is_not_lent_any_more(mill: Mill) -> None:
    for name in ("lost", "whole"):
        mill.upload(name.encode(), name)
    mill.cluster.set_status("whole", artefacts.finished(mill.root))
    gone = artefacts.finished(mill.root.parent / "elsewhere")
    gone["result"]["table"]["path"] = "results/lost-c-0123456789ab/u"
    mill.cluster.set_status("lost", gone)

    assert mill.sweep(dry_run=True).withdrawn == 0
    assert mill.sweep().withdrawn == 1

    labels = {name: mill.cluster.get(name)["metadata"]["labels"] for name in ("lost", "whole")}
    assert (REUSE_LABEL in labels["lost"], REUSE_LABEL in labels["whole"]) == (False, True)
    assert mill.sweep().withdrawn == 0


def test_content_kept_for_a_request_that_is_still_to_come_stays(mill: Mill) -> None:
    stored: Stored = mill.store(b"young")

    mill.sweep()

    assert f"uploads/{stored.digest[:2]}/{stored.digest}" in mill.files()
