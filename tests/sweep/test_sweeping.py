"""Sweeps over a real folder: what goes and what stays."""

from __future__ import annotations

import os
from functools import partial

from app.sweep_report import Report
from tests.sweep.conftest import GRACE, Mill, address
from textmill.names import follower

KEPT = address(b"kept")


def test_content_goes_after_two_looks_once_its_request_is_deleted(mill: Mill) -> None:
    path = mill.upload(b"gone", "gone")
    mill.cluster.delete("gone")
    mill.now += GRACE

    assert (mill.sweep().moved, mill.files()) == ([], sorted([KEPT, path]))
    mill.now += GRACE
    report = mill.sweep()

    assert (report.moved, report.deleted, report.bytes) == ([path], [path], 4)
    assert mill.files() == [KEPT]
    assert mill.sweep().deleted == []


def test_content_that_two_requests_share_stays_until_both_are_gone(mill: Mill) -> None:
    path = mill.upload(b"shared", "one")
    mill.upload(b"shared", "two")
    mill.cluster.delete("one")
    mill.sweep_twice()
    assert path in mill.files()

    mill.cluster.delete("two")
    mill.sweep_twice()

    assert path not in mill.files()


def test_outputs_stay_while_any_request_refers_to_them(mill: Mill) -> None:
    kept = [mill.put("work/j1/u1/shard-00000/ids.arrow", age=9_999), mill.put("results/j2/u1/words.csv", age=9_999)]
    mill.put("work/j1/u2/shard-00000/ids.arrow", age=9_999)
    mill.put("work/j9/u1/shard-00000/ids.arrow", age=9_999)
    result = {"table": {"path": "results/j2/u1"}}
    mill.cluster.set_status("kept", {"settled": True, "tokens": {"path": "work/j1/u1"}, "result": result})

    report = mill.sweep_twice()

    assert sorted(report.deleted) == ["work/j1/u2", "work/j9/u1"]
    assert mill.files() == sorted([KEPT, *(path.relative_to(mill.root).as_posix() for path in kept)])
    assert not (mill.root / "work/j9").exists()


def test_all_of_a_running_job_stays(mill: Mill) -> None:
    paths = ["work/j1/u1/.shard-00000.pod.tmp/ids.arrow", "results/j2/.u1.pod.tmp/words.csv"]
    for path in paths:
        mill.put(path, age=9_999)
    mill.cluster.set_status("kept", {"settled": False, "jobs": {"tokenize": {"name": "j1"}, "count": {"name": "j2"}}})

    assert mill.sweep_twice().moved == []


def test_all_of_a_count_that_follows_its_tokenizer_stays(mill: Mill) -> None:
    job = follower("kept-t-0123456789ab")
    paths = [f"results/{job}/u1/words.csv", f"results/{job}/.u2.pod.tmp/words.csv"]
    for path in paths:
        mill.put(path, age=9_999)
    mill.cluster.set_status("kept", {"jobs": {"tokenize": {"name": "kept-t-0123456789ab"}}, "phase": "Tokenizing"})

    mill.sweep_twice()

    assert mill.files() == sorted([KEPT, *paths])


def test_left_over_temporary_folders_go_even_beside_live_ones(mill: Mill) -> None:
    mill.put("work/j1/u1/shard-00000/ids.arrow", age=9_999)
    mill.put("work/j1/u1/.shard-00000.pod.tmp/ids.arrow", age=9_999)
    mill.put("results/j2/.u1.pod.tmp.old/words.csv", age=9_999)
    mill.put("uploads/incoming/0123.part", age=9_999)
    mill.cluster.set_status("kept", {"settled": True, "tokens": {"path": "work/j1/u1"}})

    mill.sweep_twice()

    assert mill.files() == sorted([KEPT, "work/j1/u1/shard-00000/ids.arrow"])


def test_what_went_meanwhile_with_its_folder_is_no_failure(mill: Mill) -> None:
    report = Report(dry_run=False)
    move = partial(mill.tree.move, not_after=mill.now)
    assert not report.attempt("work/j1/u1/.shard-00000.pod.tmp", move, report.moved)
    assert report.failed == []


def test_empty_folder_of_an_old_job_goes(mill: Mill) -> None:
    (mill.root / "work/j1").mkdir()
    os.utime(mill.root / "work/j1", (0, 0))

    mill.sweep_twice()

    assert not (mill.root / "work/j1").exists()


def test_folder_with_something_young_deep_inside_stays(mill: Mill) -> None:
    file = mill.put("work/j1/u1/shard-00000/ids.arrow", age=9_999)
    mill.now += GRACE
    mill.sweep()
    mill.now += GRACE
    os.utime(file, (mill.now, mill.now))

    assert mill.sweep().moved == []


def test_files_of_people_and_of_nobody_are_left_alone(mill: Mill) -> None:
    paths = ["drop/book.txt", "uploads/readme", "uploads/ab/short", "work/.hidden/a", "trash/mine", "other/x", "x"]
    for path in paths:
        mill.put(path, age=9_999)

    mill.sweep_twice()

    assert mill.files() == sorted([KEPT, *paths])


def test_dry_run_says_what_would_go_and_changes_nothing(mill: Mill) -> None:
    path = mill.upload(b"gone", "gone")
    mill.cluster.delete("gone")
    mill.now += GRACE
    mill.sweep()
    mill.now += GRACE
    record = mill.tree.read_record()

    report = mill.sweep(dry_run=True)

    assert (report.moved, report.deleted, report.bytes) == ([path], [], 4)
    assert path in mill.files()
    assert mill.tree.read_record() == record
