"""Whether a stack runs on a state folder, as commands ask it that need one."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.stack import lock


def test_folder_is_held_while_a_stack_has_it_and_no_longer(tmp_path: Path) -> None:
    assert lock.is_held(tmp_path / "state") is False
    with lock.locked(tmp_path / "state"):
        assert lock.is_held(tmp_path / "state") is True
        assert lock.main(tmp_path / "state") == 0
    assert lock.is_held(tmp_path / "state") is False


def test_command_without_a_stack_says_what_to_start(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert lock.main(tmp_path) == 1
    assert capsys.readouterr().err == (
        f"textmill: no stack runs on {tmp_path}\ntextmill: start `make run` first, in another terminal\n"
    )
