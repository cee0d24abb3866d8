"""A count that follows its tokenizer: what it costs, and that nobody takes it away from those who wait for it."""

from __future__ import annotations

from tests.operator.conftest import Operator
from tests.operator.test_executor import FOLLOWING, run_to_end
from textmill.actions import Collect
from textmill.picture import Job


async def test_batch_runs_through_both_jobs_in_two_status_writes_each(operator: Operator) -> None:
    operator.limits = FOLLOWING
    for name in ("a", "b"):
        operator.submit(name)
    await run_to_end(operator)
    told = [operator.request(name)["status"] for name in ("a", "b")]
    assert [(one["phase"], one["result"]["tokens"], one["starts"]) for one in told] == [("Succeeded", 3, 2)] * 2
    kinds = [(method, path.rsplit("/", 2)[-1 if method == "PATCH" else -2]) for method, path in operator.api.writes()]
    patches, deletions = [("PATCH", "status")] * 2, [("DELETE", "jobs")] * 2
    assert [one[0] for one in kinds] == ["PATCH", "PATCH", "POST", "POST", "PATCH", "PATCH", "DELETE", "DELETE"]
    assert [*kinds[:2], *kinds[4:]] == [*patches, *patches, *deletions]
    assert operator.jobs() == []


async def test_count_that_follows_is_kept_while_a_member_waits_for_it(operator: Operator) -> None:
    operator.limits = FOLLOWING
    for name in ("a", "b"):
        operator.submit(name)
    for _ in range(3):
        await operator.round()
        operator.finish_jobs()
    jobs = operator.jobs()
    operator.restart()
    await operator.executor.perform([Collect(Job.parse(one)) for one in jobs])
    assert [len(jobs), len(operator.jobs())] == [2, 2]
