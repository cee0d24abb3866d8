"""How folders get their names: durable first, a whole batch at once, and each one's trouble its own."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from worker.errors import VolumeFull
from worker.volume import Made, new_folder, publish

FILES = ("ids", "vocabulary", "manifest")
FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def made(root: Path, *names: str) -> list[Made]:
    """Return folders that wait for their names."""
    later: list[Made] = []
    for name in names:
        with new_folder(root / "out" / name, "pod-1", later) as folder:
            for file in FILES:
                (folder / file).write_text(f"{file} of {name}", "utf-8")
    return later


class Disk:
    """Notes what is made durable, by what it is at that moment, and fails for what it is told to fail for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, full: str = "", error: Exception = FULL) -> None:
        self.events: list[tuple[str, str]] = []
        self._full, self._error = full, error
        for name in ("fsync", "fdatasync"):
            monkeypatch.setattr(os, name, self._sync)
        rename = Path.rename

        def renamed(path: Path, target: Path) -> Path:
            self.events.append(("rename", target.name))
            return rename(path, target)

        monkeypatch.setattr(Path, "rename", renamed)

    def _sync(self, descriptor: int) -> None:
        path = os.readlink(f"/proc/self/fd/{descriptor}")
        if self._full and path.endswith(self._full):
            raise self._error
        self.events.append(("sync", path))


def test_every_file_of_a_batch_is_durable_before_a_folder_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = made(tmp_path, "a", "b")
    assert not (tmp_path / "out" / "a").exists()
    disk = Disk(monkeypatch)
    assert publish(later) == {}
    contents = {("sync", str(one.temporary / file)) for one in later for file in FILES}
    folders = {("sync", str(one.temporary)) for one in later}
    assert set(disk.events[:8]) == contents | folders
    assert disk.events[8:10] == [("rename", "a"), ("rename", "b")]
    assert disk.events[10:] == [("sync", str(tmp_path / "out"))]
    assert (tmp_path / "out" / "b" / "ids").read_text("utf-8") == "ids of b"


def test_disk_that_fills_up_at_the_end_costs_one_folder_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = later = made(tmp_path, "a", "b")
    Disk(monkeypatch, full="/.a.pod-1.tmp/vocabulary")
    troubles = publish(later)
    assert list(troubles) == [first]
    assert isinstance(troubles[first], VolumeFull)
    assert os.listdir(tmp_path / "out") == [second.target.name]


def test_parent_that_cannot_be_made_durable_is_the_trouble_of_all_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = made(tmp_path, "a", "b")
    Disk(monkeypatch, full="/out")
    assert list(publish(later)) == later


def test_single_folder_that_cannot_be_made_durable_raises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Disk(monkeypatch, full="manifest")
    with pytest.raises(VolumeFull, match="no room left"), new_folder(tmp_path / "a", "pod-1") as folder:
        (folder / "manifest").write_text("{}", "utf-8")
    assert os.listdir(tmp_path) == []


def test_folder_takes_the_place_of_one_that_is_there(tmp_path: Path) -> None:
    made(tmp_path, "a")
    (tmp_path / "out" / "a").mkdir()
    (tmp_path / "out" / "a" / "old").touch()
    assert publish(made(tmp_path, "a")) == {}
    assert os.listdir(tmp_path / "out") == ["a"]
    assert sorted(os.listdir(tmp_path / "out" / "a")) == sorted(FILES)


def test_fault_of_any_kind_is_its_folders_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, _ = later = made(tmp_path, "a", "b")
    Disk(monkeypatch, full="/.a.pod-1.tmp/ids", error=MemoryError())
    assert [type(one) for one in publish(later).values()] == [MemoryError]
    assert os.listdir(tmp_path / "out") == ["b"]
    assert not first.temporary.exists()


def test_other_pod_that_is_a_moment_sooner_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(made(tmp_path, "a"))
    later = made(tmp_path, "a")
    rename = Path.rename
    raced: list[Path] = []

    def sooner(path: Path, target: Path) -> Path:
        moved = rename(path, target)
        if target == later[0].aside and len(raced) < 3:
            raced.append(target)
            (later[0].target / "theirs").mkdir(parents=True)
        return moved

    monkeypatch.setattr(Path, "rename", sooner)
    assert publish(later) == {}
    assert len(raced) == 3
    assert os.listdir(tmp_path / "out") == ["a"]
    assert sorted(os.listdir(tmp_path / "out" / "a")) == sorted(FILES)


def test_folder_that_another_pod_has_just_moved_is_no_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(made(tmp_path, "a"))
    (one,) = made(tmp_path, "a")
    rename = Path.rename

    def moved(path: Path, target: Path) -> Path:
        if path == one.target:
            rename(path, tmp_path / "theirs")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", moved)
    assert publish([one]) == {}
    assert os.listdir(tmp_path / "out") == ["a"]


@pytest.mark.parametrize("name", ["a", ".a.pod-1.tmp", ".a.pod-1.tmp.old"])
@pytest.mark.parametrize("kind", ["file", "link", "folder"])
def test_whatever_lies_in_the_way_goes(tmp_path: Path, name: str, kind: str) -> None:
    path, elsewhere = tmp_path / "out" / name, tmp_path / "elsewhere"
    path.parent.mkdir()
    elsewhere.mkdir()
    (elsewhere / "kept").touch()
    if kind == "link":
        path.symlink_to(elsewhere)
    elif kind == "file":
        path.touch()
    else:
        (path / "old").mkdir(parents=True)
    assert publish(made(tmp_path, "a")) == {}
    assert os.listdir(tmp_path / "out") == ["a"]
    assert sorted(os.listdir(tmp_path / "out" / "a")) == sorted(FILES)
    assert os.listdir(elsewhere) == ["kept"]


def test_block_that_fails_leaves_nothing(tmp_path: Path) -> None:
    later: list[Made] = []
    with pytest.raises(ZeroDivisionError), new_folder(tmp_path / "a", "pod-1", later):
        raise ZeroDivisionError
    assert (os.listdir(tmp_path), later) == ([], [])
