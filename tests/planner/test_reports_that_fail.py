"""Reports that are broken, missing, of another stage, or there twice."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.planner.build import NOW, RESULT, counted, job, of, planned, pod, recorded, request, well, why
from textmill import reports

BROKEN: dict[str, tuple[Any, ...]] = {
    "no report": (),
    "of another stage": (reports.done_count("u1", RESULT),),
    "twice": (reports.done_tokens("u1", 0, 1, {"bytes": 1}, 1),) * 2,
}


@pytest.mark.parametrize("said", BROKEN.values(), ids=list(BROKEN))
def test_wrong_reports_count_as_an_attempt(said: tuple[reports.Report, ...]) -> None:
    one = request(status=recorded())
    there = job(one)
    status = of(planned(one, jobs=(there,), pods=(well(there, *said),)), one)
    assert (why(status), status["attempts"]) == (("Unknown", "ReportBroken"), 1)


def test_broken_seal_of_a_batch_splits_it() -> None:
    both = [request(f"u{n}", status=recorded("count")) for n in range(2)]
    there = job(*both, stage="count")
    made = planned(*both, jobs=(there,), pods=(pod(there, exit_code=0, broken="2 lines where 3"),))
    status = of(made, both[0])
    assert (why(status), status["batchLimit"]) == (("Unknown", "BatchSplit"), 1)
    assert (status["phase"], status["tokens"]["count"]) == ("Counting", 3)


def test_second_pod_with_a_whole_seal_is_taken() -> None:
    one = request(status=recorded("count"))
    there = job(one, stage="count")
    broken = replace(pod(there, exit_code=0, broken="cut", finished=NOW - 3), uid="first")
    made = planned(one, jobs=(there,), pods=(broken, well(there, counted(one))))
    assert why(of(made, one)) == ("True", "Counted")
