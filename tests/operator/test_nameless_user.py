"""A container's user is a number without a name, and an operator that dies says why."""

from __future__ import annotations

import asyncio
import getpass
from typing import Any

import kopf
import pytest

from textmill_operator import run, watch
from textmill_operator.errors import OperatorError
from textmill_operator.store import Store


def nobody() -> str:
    raise OSError("No username set in the environment")


async def test_kopf_is_never_left_to_ask_for_the_users_name(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}

    async def operator(**arguments: Any) -> None:
        given.update(arguments)

    monkeypatch.setattr(kopf, "operator", operator)
    monkeypatch.setattr(getpass, "getuser", nobody)
    await watch.run(Store(lambda: None), ("ns",))
    assert given["identity"] == "textmill"


async def test_part_that_ends_by_itself_is_told_with_its_error() -> None:
    async def part() -> None:
        nobody()

    task = asyncio.create_task(part(), name="watch")
    with pytest.raises(OperatorError) as caught:
        await run._until(asyncio.Event(), {task})  # noqa: SLF001 - the one place where a part's end is seen
    assert str(caught.value) == "watch has ended by itself: OSError('No username set in the environment')"
