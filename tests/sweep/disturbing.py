"""Sweeps while something else happens: at each moment of the sweep that a test names it does what is to disturb it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.sweep.conftest import Mill

MOMENTS_OF_A_SWEEP = ["first list", "list before the moves", "first move", "moved", "last list", "deleted"]


def disturbed(mill: Mill, disturb: Mapping[str, Callable[[], object]]) -> None:
    """Sweep; at each moment do what is to disturb it, once."""
    left = dict(disturb)
    page, move, purge = mill.cluster.page, mill.tree.move, mill.tree.purge
    lists: list[str] = []
    after_moves = False

    def at(moment: str) -> None:
        if moment in left:
            left.pop(moment)()

    def listing(**arguments: Any) -> Any:
        number = len(lists)
        lists.append("")
        at("first list" if not number else "last list" if after_moves else "list before the moves")
        return page(**arguments)

    def moving(path: str, not_after: float) -> bool:
        nonlocal after_moves
        after_moves = True
        at("first move")
        moved = move(path, not_after)
        at("moved")
        return moved

    def purging(path: str) -> None:
        purge(path)
        at("deleted")

    mill.cluster.page = listing  # type: ignore[method-assign]  # taken back below
    mill.tree.move, mill.tree.purge = moving, purging  # type: ignore[method-assign]  # taken back below
    try:
        mill.sweep()
    finally:
        del mill.cluster.page, mill.tree.move, mill.tree.purge
