"""The state folder: made, taken up again, or refused in a sentence; never scattered over somebody's files."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.settings import Settings
from local import quantity
from local.errors import StateUnusable
from local.stack import room, state
from local.stack.state import NAMES, prepare
from tests.bench.stack import stack
from tests.stack.test_running import refused


@pytest.mark.parametrize("there", [[], ["lost+found"], ["cluster-port", "lock", "notes.txt"], ["lock"]])
def test_folder_that_is_empty_or_was_a_stacks_is_taken(tmp_path: Path, there: list[str]) -> None:
    for name in there:
        (tmp_path / "state" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "state" / name).touch()
    prepare(tmp_path / "state")
    assert (tmp_path / "state" / "lock").exists()


def test_folder_with_other_files_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "README.md").touch()
    with pytest.raises(StateUnusable, match=r"holds other files, such as README\.md") as told:
        prepare(tmp_path)
    assert "STATE=FOLDER" in told.value.hint
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]


def test_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/textmill")):
        with pytest.raises(StateUnusable, match=r"is no folder|cannot hold the state"):
            prepare(path)


@pytest.mark.parametrize("command", ["run", "cluster"])
def test_command_says_in_two_lines_what_is_wrong_with_its_state(tmp_path: Path, command: str) -> None:
    (tmp_path / "file").touch()
    told = refused(command, "--state", str(tmp_path / "file"), "--port", "0")
    assert told.startswith(f"textmill: {tmp_path / 'file'} is no folder")
    assert told.count("\n") == 2


def test_stack_writes_nothing_that_a_state_folder_may_not_hold() -> None:
    with stack() as running:
        assert {path.name for path in running.state.iterdir()} - NAMES == set()


def test_temporary_files_of_a_killed_part_go_at_the_next_start(tmp_path: Path) -> None:
    (tmp_path / "tmp" / "deep").mkdir(parents=True)
    (tmp_path / "tmp" / "deep" / "key").touch()
    state.clear(tmp_path / "tmp")
    assert list((tmp_path / "tmp").iterdir()) == []
    assert (tmp_path / "tmp").stat().st_mode & 0o077 == 0


def test_little_room_is_told_with_what_helps(tmp_path: Path) -> None:
    assert room.little(tmp_path, {room.SETTING: "1"}) == ""
    assert room.little(tmp_path, {room.SETTING: "nonsense"}) == ""
    told = room.little(tmp_path, {room.SETTING: "1Ei"})
    assert told.startswith(f"no room: {tmp_path} has ")
    assert "STATE=FOLDER" in told


def test_usual_room_is_the_http_interfaces() -> None:
    assert Settings.load({}).keep_free == quantity.parse(room.USUAL)
