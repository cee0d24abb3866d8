"""What the sweep decides, as a pure function over entries, references, earlier looks and the clock."""

from __future__ import annotations

from typing import Any

from app.marks import Looks, mark
from app.sweep import Entry, Plan, References, Rules, decide, references

NOW = 10_000.0
RULES = Rules(grace=100, max_share=0.5)
SOME = References(requests=1)
DIGEST = "ab" + "0" * 62
UPLOAD = f"uploads/ab/{DIGEST}"
OLD = Entry(UPLOAD, NOW - 100)


def _body(**status: Any) -> dict[str, Any]:
    return {"metadata": {"name": "a"}, "spec": {"input": {"inline": "x"}}, "status": {"settled": True, **status}}


def looks(seen: dict[str, float]) -> Looks:
    """Return what was seen without a reference, by path."""
    return Looks.of((mark(path), time) for path, time in seen.items())


def test_first_look_only_remembers() -> None:
    assert decide([OLD], [], SOME, Looks(), RULES, NOW) == Plan(first_seen=looks({UPLOAD: NOW}))


def test_second_look_too_soon_goes_on_waiting() -> None:
    assert decide([OLD], [], SOME, looks({UPLOAD: NOW - 99}), RULES, NOW) == Plan(first_seen=looks({UPLOAD: NOW - 99}))


def test_second_look_after_the_grace_period_moves() -> None:
    assert decide([OLD], [], SOME, looks({UPLOAD: NOW - 100}), RULES, NOW) == Plan(move=(OLD,))


def test_young_entry_begins_its_looks_anew() -> None:
    young = Entry(UPLOAD, NOW - 99)

    assert decide([young], [], SOME, looks({UPLOAD: NOW - 5_000}), RULES, NOW) == Plan()


def test_reference_ends_the_looks() -> None:
    needed = references([{"metadata": {}, "spec": {"input": {"upload": DIGEST}}}])

    assert decide([OLD], [], needed, looks({UPLOAD: NOW - 5_000}), RULES, NOW) == Plan()


def test_clock_that_went_back_begins_the_looks_anew() -> None:
    assert decide([OLD], [], SOME, looks({UPLOAD: NOW + 50}), RULES, NOW) == Plan(first_seen=looks({UPLOAD: NOW}))


def test_arriving_upload_needs_its_age_alone() -> None:
    old, young = Entry("uploads/incoming/a.part", NOW - 100), Entry("uploads/incoming/b.part", NOW - 99)

    assert decide([old, young], [], SOME, Looks(), RULES, NOW) == Plan(move=(old,))


def test_temporary_folder_goes_with_the_folder_it_is_in() -> None:
    outer, inner = Entry("work/j/u", 0), Entry("work/j/u/.shard-00000.p.tmp", 0)
    seen = {outer.path: 0.0, inner.path: 0.0}

    assert decide([outer, inner], [], SOME, looks(seen), RULES, NOW) == Plan(move=(outer,))


def test_trash_comes_back_when_something_refers_to_it() -> None:
    needed = references([_body(tokens={"path": "work/j/u", "shards": 1})])

    plan = decide([], ["work/j/u", "work/j/v"], needed, Looks(), RULES, NOW)

    assert plan == Plan(restore=("work/j/u",), purge=("work/j/v",))


def test_no_request_beside_files_is_refused_and_no_look_counts() -> None:
    plan = decide([OLD], [], References(), looks({"x": 1.0}), RULES, NOW)

    assert plan == Plan(first_seen=looks({"x": 1.0}), refused="there is no request at all, but 1 entries on the volume")
    assert decide([], ["work/j/u"], References(), Looks(), RULES, NOW).refused is not None
    assert decide([Entry("uploads/incoming/a.part", 0)], [], References(), Looks(), RULES, NOW).refused is not None


def test_no_request_is_right_when_a_person_says_so() -> None:
    rules = Rules(grace=100, max_share=0.5, allow_empty=True)

    assert decide([OLD], [], References(), looks({UPLOAD: 0.0}), rules, NOW) == Plan(move=(OLD,))


def test_empty_volume_without_requests_is_fine() -> None:
    assert decide([], [], References(), Looks(), RULES, NOW) == Plan()


def test_too_large_a_share_is_refused_whole() -> None:
    entries = [Entry(f"work/j/u{number}", 0) for number in range(20)]
    seen = {one.path: 0.0 for one in entries}
    ten, eleven = dict(list(seen.items())[:10]), dict(list(seen.items())[:11])

    assert len(decide(entries, [], SOME, looks(ten), RULES, NOW).move) == 10
    plan = decide(entries, [], SOME, looks(eleven), RULES, NOW)
    assert plan.refused == "11 of 20 entries would go, which is more than the share of 0.5"
    assert (plan.move, plan.first_seen) == ((), looks(eleven))


def test_share_is_not_judged_on_a_handful() -> None:
    entries = [Entry(f"work/j/u{number}", 0) for number in range(19)]

    assert len(decide(entries, [], SOME, looks({one.path: 0.0 for one in entries}), RULES, NOW).move) == 19


def test_references_are_uploads_outputs_and_their_folders() -> None:
    needed = references(
        [
            {"metadata": {}, "spec": {"input": {"upload": DIGEST}}},
            _body(tokens={"path": "work/jt/u"}, result={"table": {"path": "results/jc/u"}}),
        ]
    )

    assert needed.requests == 2
    for path in (UPLOAD, "work/jt/u", "work/jt", "results/jc/u", "results/jc"):
        assert needed.hold(path)
    for path in (UPLOAD[:-1] + "1", "work/jt/u2", "work/jt/u/.shard-00000.p.tmp", "work/jc/u", "results/jt/u"):
        assert not needed.hold(path)


def test_jobs_of_unsettled_requests_hold_all_that_is_theirs() -> None:
    jobs = {"tokenize": {"name": "jt"}, "count": {"name": "jc"}}
    running, done = _body(jobs=jobs, settled=False), _body(jobs=jobs)

    for path in ("work/jt", "work/jt/u", "work/jt/u/.shard-00000.p.tmp", "results/jc/.u.p.tmp", "results/jt/u"):
        assert references([running]).hold(path)
        assert not references([done]).hold(path)
    assert not references([running]).hold("uploads/jt/x")


def test_bodies_that_nobody_would_expect_hold_nothing() -> None:
    odd: list[dict[str, Any]] = [
        {},
        {"spec": {"input": {"upload": "../../etc"}}},
        {"status": {"tokens": None, "result": {}, "jobs": {"count": None}}},
    ]

    assert references(odd) == References(requests=3)
