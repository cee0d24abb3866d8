"""What goes wrong beside or amid a sweep: races, crashes, failing lists, links, foreign volumes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.cluster import Away, Body
from app.sweep import Rules
from app.sweeper import SweepRefused, sweep
from tests.sweep.conftest import GRACE, Mill, address

KEPT = address(b"kept")


def test_request_made_between_list_and_move_keeps_its_content(mill: Mill, monkeypatch: pytest.MonkeyPatch) -> None:
    path = mill.upload(b"again", "gone")
    mill.cluster.delete("gone")
    mill.now += GRACE
    mill.sweep()
    mill.now += GRACE
    move = mill.tree.move

    def upload_first(path: str, not_after: float) -> bool:
        mill.upload(b"again", "again")
        return move(path, not_after)

    monkeypatch.setattr(mill.tree, "move", upload_first)
    report = mill.sweep()

    assert (report.moved, report.deleted) == ([], [])
    assert path in mill.files()


def test_request_made_after_the_move_gets_its_content_back(mill: Mill, monkeypatch: pytest.MonkeyPatch) -> None:
    path = mill.upload(b"again", "gone")
    body = mill.cluster.get("gone")
    mill.cluster.delete("gone")
    mill.now += GRACE
    mill.sweep()
    mill.now += GRACE
    move = mill.tree.move

    def apply_after(path: str, not_after: float) -> bool:
        moved = move(path, not_after)
        mill.cluster.create(body)
        return moved

    monkeypatch.setattr(mill.tree, "move", apply_after)
    report = mill.sweep()

    assert (report.moved, report.restored, report.deleted) == ([path], [path], [])
    assert path in mill.files()


def test_crash_after_the_move_is_finished_by_the_next_sweep(mill: Mill, monkeypatch: pytest.MonkeyPatch) -> None:
    path = mill.upload(b"gone", "gone")
    mill.cluster.delete("gone")
    mill.now += GRACE
    mill.sweep()
    mill.now += GRACE
    page, calls = mill.cluster.page, iter(range(9))

    def last_fails(**arguments: str) -> object:
        if next(calls) == 2:
            raise Away("gone meanwhile.")
        return page(**arguments)  # type: ignore[arg-type]  # the very arguments that came

    monkeypatch.setattr(mill.cluster, "page", last_fails)
    with pytest.raises(Away):
        mill.sweep()
    assert path not in mill.files()
    assert len(mill.files()) == 2

    assert mill.sweep().deleted == [path]
    assert mill.files() == [KEPT]


def test_content_in_the_trash_that_was_sent_again_is_dropped_there(mill: Mill) -> None:
    path = mill.store(b"twice").digest
    path = f"uploads/{path[:2]}/{path}"
    mill.tree.move(path, mill.now)
    mill.upload(b"twice", "twice")

    assert mill.sweep().restored == [path]
    assert mill.files() == sorted([KEPT, path])


def test_list_that_fails_or_is_empty_deletes_nothing(mill: Mill) -> None:
    mill.put("work/j1/u1/shard-00000/ids.arrow", age=9_999)
    mill.put("uploads/incoming/0123.part", age=9_999)
    before = mill.files()
    mill.cluster.away()
    with pytest.raises(Away):
        mill.sweep()
    mill.cluster.trouble = None
    mill.cluster.delete("kept")
    for _ in range(3):
        mill.now += GRACE
        with pytest.raises(SweepRefused, match="no request at all"):
            mill.sweep()

    assert mill.files() == before


def test_last_list_that_is_empty_deletes_nothing_where_nothing_tells_whose_it_is(
    mill: Mill, monkeypatch: pytest.MonkeyPatch
) -> None:
    mill.cluster.uid = ""
    path = mill.upload(b"gone", "gone")
    mill.cluster.delete("gone")
    mill.now += GRACE
    mill.sweep()
    mill.now += GRACE
    move = mill.tree.move

    def then_delete(path: str, not_after: float) -> bool:
        moved = move(path, not_after)
        mill.cluster.objects.clear()
        return moved

    monkeypatch.setattr(mill.tree, "move", then_delete)

    report = mill.sweep()

    assert (report.moved, report.deleted, mill.tree.trashed()) == ([path], [], [path])


def test_list_over_many_pages_is_read_to_its_end(mill: Mill, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [mill.upload(b"%d" % number, f"r{number}") for number in range(7)]
    page = mill.cluster.page

    def small(*, limit: int, token: str = "", namespace: str | None = None) -> object:
        assert limit <= 100
        return page(limit=2, token=token, namespace=namespace)

    monkeypatch.setattr(mill.cluster, "page", small)

    assert mill.sweep_twice().requests == 8
    assert set(paths) < set(mill.files())


def test_links_are_removed_and_never_followed(mill: Mill, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "u1").mkdir(parents=True)
    (outside / "u1" / "precious").write_text("x")
    (mill.root / "work" / "j1").symlink_to(outside)
    (mill.root / "work" / "j2").mkdir()
    (mill.root / "work" / "j2" / "u1").symlink_to(outside / "u1")
    inside = mill.put("work/j3/u1/shard-00000/ids.arrow", age=9_999).with_name("link")
    inside.symlink_to(outside)
    old = (0, 0)
    for path in ("work/j1", "work/j2/u1", "work/j2", "work/j3/u1/shard-00000/link"):
        os.utime(mill.root / path, old, follow_symlinks=False)
    for path in ("work/j3/u1/shard-00000", "work/j3/u1"):
        os.utime(mill.root / path, old)

    mill.sweep_twice()

    assert mill.files() == [KEPT]
    assert (outside / "u1" / "precious").read_text() == "x"


def test_top_folder_that_is_a_link_is_not_entered(mill: Mill, tmp_path: Path) -> None:
    (mill.root / "work").rmdir()
    (tmp_path / "elsewhere" / "j1" / "u1").mkdir(parents=True)
    (mill.root / "work").symlink_to(tmp_path / "elsewhere")

    assert mill.sweep_twice().moved == []
    assert (tmp_path / "elsewhere" / "j1" / "u1").is_dir()


@pytest.mark.parametrize("marker", [None, "no json", "[]", '{"namespace": "other"}'])
def test_volume_that_is_not_known_is_refused(mill: Mill, marker: str | None) -> None:
    path = mill.root / "textmill-volume.json"
    path.unlink() if marker is None else path.write_text(marker)

    with pytest.raises(SweepRefused):
        mill.sweep()


def test_two_sweeps_at_once_are_refused(mill: Mill) -> None:
    with mill.tree.locked(), pytest.raises(SweepRefused, match="another sweep"):
        mill.sweep()


def test_record_that_cannot_be_read_only_delays(mill: Mill) -> None:
    path = mill.upload(b"gone", "gone")
    mill.cluster.delete("gone")
    mill.now += GRACE
    mill.sweep()
    (mill.root / "trash" / ".looks").write_text("[broken")

    mill.now += GRACE
    assert mill.sweep().moved == []
    mill.now += GRACE
    assert mill.sweep().moved == [path]


def test_requests_of_further_namespaces_count(mill: Mill) -> None:
    path = mill.store(b"theirs").digest
    body: Body = {"metadata": {"name": "b", "namespace": "other"}, "spec": {"input": {"upload": path}}}
    mill.cluster.create(body)
    for _ in range(2):
        mill.now += GRACE
        sweep(mill.tree, mill.cluster, Rules(GRACE, 1.0), lambda: mill.now, namespaces=["other"])

    assert address(b"theirs") in mill.files()
