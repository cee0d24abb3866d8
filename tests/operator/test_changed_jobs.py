"""Jobs that somebody has changed, or made under our names: told in the request, asked for rarely, and made again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.operator.conftest import Operator
from textmill.names import MEMBERS_ANNOTATION, STAGE_LABEL
from textmill_operator import paths

Change = Callable[[dict[str, Any]], Any]
CHANGES: dict[str, Change] = {
    "no label": lambda meta: meta["labels"].pop(STAGE_LABEL),
    "another stage": lambda meta: meta["labels"].update({STAGE_LABEL: "other"}),
    "no members": lambda meta: meta["annotations"].pop(MEMBERS_ANNOTATION),
    "odd members": lambda meta: meta["annotations"].update({MEMBERS_ANNOTATION: "[" * 100_000}),
}


def asked(operator: Operator) -> int:
    """Return how often a Job was asked for."""
    return sum(method == "POST" and path.endswith("/jobs") for method, path in operator.api.log)


def told(operator: Operator, name: str) -> str:
    """Return what the condition Succeeded says."""
    conditions = {one["type"]: one for one in operator.request(name)["status"]["conditions"]}
    return str(conditions["Succeeded"]["message"])


def hide(operator: Operator) -> None:
    """Have the store see what the watch shows: an object that loses its label is DELETED, and in no list."""
    for body in operator.jobs():
        operator.store.take_away("job", body)


async def rounds(operator: Operator, number: int) -> None:
    """Take rounds in which the watch does not show what has lost its label."""
    for _ in range(number):
        for body in operator.jobs():
            if STAGE_LABEL not in body["metadata"].get("labels", {}):
                operator.store.take_away("job", body)
        await operator.round()


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_job_that_cannot_be_read_any_more_is_deleted_and_made_again(operator: Operator, change: Change) -> None:
    operator.submit("a")
    await operator.round()
    await operator.round()
    (job,) = operator.jobs()
    change(job["metadata"])
    operator.api.seed(paths.jobs("ns", job["metadata"]["name"]), job)
    operator.see()
    hide(operator)
    before = asked(operator)
    await rounds(operator, 2)
    assert "was changed" in told(operator, "a")
    assert not operator.jobs()
    operator.ticks += 3
    await rounds(operator, 2)
    (again,) = operator.jobs()
    assert again["metadata"]["labels"][STAGE_LABEL] == "tokenize"
    assert asked(operator) - before <= 3


async def test_labels_that_admission_takes_off_are_no_hot_loop_and_end(operator: Operator) -> None:
    create = operator.api.create

    async def strip(path: str, body: Any) -> Any:
        made = await create(path, body)
        if path.endswith("/jobs"):
            kept = operator.api.objects[f"{path}/{body['metadata']['name']}"]["metadata"]
            kept.pop("labels", None)
            made["metadata"].pop("labels", None)
        return made

    operator.api.create = strip  # type: ignore[method-assign]  # as a mutating webhook does
    operator.submit("a")
    await rounds(operator, 20)
    assert asked(operator) <= 2
    assert not operator.jobs()
    operator.now += operator.limits.podless_grace + 1
    await rounds(operator, 1)
    assert operator.request("a")["status"]["phase"] == "Pending"


async def test_job_of_others_under_our_name_is_told(operator: Operator) -> None:
    operator.submit("a")
    await operator.round()
    await operator.round()
    (job,) = operator.jobs()
    job["metadata"]["ownerReferences"] = [{"uid": "somebody-else"}]
    job["metadata"]["labels"] = {}
    operator.store.drop("job", job["metadata"]["uid"])
    await rounds(operator, 2)
    assert "exists for other owners" in told(operator, "a")
    assert operator.jobs()
