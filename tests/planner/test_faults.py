"""A step of planning that raises ends at its request or Job: that one ends with a reason, the others go on as before.

The objects here could not be read from any body; they stand for what nobody foresaw.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.planner.build import LIMITS, NOW, counted, job, kinds, planned, recorded, request, well, why
from textmill.actions import Launch, Plan, Write
from textmill.request import Input, Request

STRANGE: Any = object()
ASKED = {f"u{number}": None for number in range(9)}


def written(made: Plan) -> dict[str, dict[str, Any]]:
    """Return the status that is written for each request, by uid."""
    writes = [one for action in made.actions for one in (action.writes if isinstance(action, Launch) else (action,))]
    return {one.request.uid: one.status for one in writes if isinstance(one, Write)}


@pytest.mark.parametrize(
    "odd",
    [
        request("odd", status={"phase": "Tokenizing", "jobs": STRANGE}),
        request("odd", status={"phase": "Pending", "tokens": {"shards": 1}}),
        request("odd", given=Input(path="x", bytes=STRANGE)),
        request("odd", given=Input(path=STRANGE)),
        replace(request("odd"), spec=replace(request("odd").spec, top_words=STRANGE)),
    ],
    ids=["jobs", "tokens", "size", "path", "top words"],
)
def test_request_that_cannot_be_planned_for_fails_alone(odd: Request) -> None:
    others = [request(f"u{number}") for number in range(2)]
    made = planned(*others, odd, lent=ASKED)
    assert written(made)["u0"] == written(planned(*others, lent=ASKED))["u0"]
    assert set(written(made)) == {"u0", "u1", "odd"}
    assert why(written(made)["odd"]) == ("False", "InternalError")
    assert {fault.what for fault in made.faults} == {"Request default/r-odd"}


def test_request_that_cannot_even_fail_is_counted_alone() -> None:
    odd = request("odd", status={"phase": "Tokenizing", "jobs": STRANGE, "conditions": STRANGE})
    made = planned(request("u0"), odd, lent=ASKED)
    assert (kinds(made), list(written(made))) == (["Launch"], ["u0"])
    assert len(made.faults) == 2


def test_job_that_cannot_be_judged_counts_as_a_broken_report() -> None:
    odd, good = request("odd", status=recorded("count", "odd")), request("u0", status=recorded("count", "good"))
    jobs = (job(odd, stage="count", name="odd"), job(good, stage="count", name="good"))
    pods = (well(jobs[0], STRANGE), well(jobs[1], counted(good)))
    made = planned(odd, good, jobs=jobs, pods=pods)
    assert why(written(made)["odd"]) == ("Unknown", "ReportBroken")
    assert written(made)["u0"]["phase"] == "Succeeded"


def test_member_of_whom_nothing_can_be_made_leaves_its_company_alone() -> None:
    two = [request(uid, status=recorded("count")) for uid in ("odd", "u0")]
    there = job(*two, stage="count")
    told = {**counted(two[0]), "result": STRANGE}
    made = planned(*two, jobs=(there,), pods=(well(there, told, counted(two[1])),))
    assert why(written(made)["odd"]) == ("False", "InternalError")
    assert written(made)["u0"]["phase"] == "Succeeded"


def test_job_that_cannot_be_made_again_gives_its_members_others() -> None:
    odd = request("odd", status=recorded("count", tokens={"path": "x", "shards": STRANGE}))
    made = planned(odd, request("u0", status=recorded("count")), request("u1"), lent=ASKED)
    assert [written(made)[uid]["phase"] for uid in ("u0", "u1")] == ["Counting", "Tokenizing"]
    assert written(made)["u0"]["batchLimit"] == 1


def test_pods_of_a_job_that_cannot_be_judged_are_counted() -> None:
    odd = request("odd", status=recorded("count", "odd"))
    there = job(odd, stage="count", name="odd", shards=LIMITS.pods, parallelism=LIMITS.pods, created=NOW)
    pods = tuple(well(there, STRANGE, index=index) for index in range(2))
    made = planned(odd, request("u0"), jobs=(there,), pods=pods, lent=ASKED)
    assert (len(made.faults), kinds(made)) == (1, ["Write"])
