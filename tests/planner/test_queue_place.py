"""The place in the queue: what a search gives is what sorting all of them gives, after any history."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textmill.queue_place import Place, WaitingList, waiting_rank
from textmill.request import Rank

RANKS = st.tuples(
    st.integers(-2, 2), st.sampled_from(["tokenize", "count"]), st.sampled_from([1.0, 2.0]), st.sampled_from("abcdef")
)
STEPS = st.lists(st.tuples(st.sampled_from("abcdef"), st.none() | RANKS), max_size=40)


@given(STEPS, RANKS)
def test_place_is_that_of_a_sorted_list(steps: list[tuple[str, Rank | None]], asked: Rank) -> None:
    found, model = WaitingList(), dict[str, Rank]()
    for name, rank in steps:
        model.pop(name, None)
        if rank is not None:
            model[name] = rank
        found.put(name, rank)
    assert len(found) == len(model)
    for name in "abcdefg":
        others = [rank for other, rank in model.items() if other != name]
        before = sum(rank < asked for rank in others)
        assert found.place(name, asked) == Place(before + 1, len(others) + 1)


def _body(status: dict[str, Any] | None = None, deleting: str = "", **spec: Any) -> dict[str, Any]:
    meta = {
        "uid": "u",
        "name": "a",
        "namespace": "n",
        "resourceVersion": "1",
        "creationTimestamp": "2026-01-01T00:00:00Z",
    }
    meta |= {"deletionTimestamp": deleting} if deleting else {}
    return {"metadata": meta, "spec": {"input": {"inline": "x"}, **spec}, "status": status or {}}


@pytest.mark.parametrize(
    ("body", "waits"),
    [
        (_body(), True),
        (_body({"phase": "Pending", "retryAt": "2030-01-01T00:00:00Z"}), True),
        (_body({"phase": "Counting", "tokens": {"path": "work/a/u", "shards": 1, "count": 3}}), True),
        (_body({"phase": "Tokenizing", "jobs": {"tokenize": {"name": "j"}}}), False),
        (_body({"phase": "Suspended"}), False),
        (_body(suspend=True), False),
        (_body({"phase": "Failed"}), False),
        (_body(deleting="2026-01-01T00:00:00Z"), False),
        ({"metadata": {}}, False),
        ({"metadata": None, "spec": []}, False),
        (_body(priority="high"), False),
    ],
)
def test_only_those_wait_that_the_planner_would_queue(body: dict[str, Any], waits: bool) -> None:
    assert (waiting_rank(body) is not None) == waits
