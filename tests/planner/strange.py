"""Values that stand in no valid body, and a way to put them in each place of one."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

Path = tuple[Any, ...]


def deep(kind: type) -> Any:
    """Return a list or an object of ten thousand levels."""
    made: Any = kind()
    for _ in range(10_000):
        made = [made] if kind is list else {"a": made}
    return made


STRANGE: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    3.5,
    float("nan"),
    float("inf"),
    1e300,
    10**9,
    10**5000,
    "",
    "many",
    "9" * 5000,
    "\ud800",
    "0001-01-01T00:00:00",
    "\u0660",
    [],
    [None],
    [[]],
    {},
    {"a": None},
    deep(list),
    deep(dict),
)


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the path to each part of a body."""
    if path:
        yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in inside:
        yield from places(item, (*path, name))


def with_at(body: Any, path: Path, value: Any) -> Any:
    """Return a copy of a body with another value at a path."""
    made = copy.deepcopy(body)
    there = made
    for name in path[:-1]:
        there = there[name]
    there[path[-1]] = value
    return made
