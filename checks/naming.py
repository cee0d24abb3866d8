"""Names that say nothing are refused, and every module says why it exists.

A module called utils collects what nobody placed. A docstring of one line says what the name said already;
one of more than 15 is a document in the wrong place. Tests need a docstring (ruff sees to that) but may be
brief; so may an `__init__.py`, whose room is described by its modules.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import PurePosixPath

from checks.problem import Problem

SAY_NOTHING = frozenset({"util", "utils", "utilities", "helper", "helpers", "common", "misc", "shared", "stuff"})
SHORTEST = 3
LONGEST = 15


def check(path: str, text: str) -> Iterator[Problem]:
    """Judge a module's name, its folder's name and its docstring."""
    here = PurePosixPath(path)
    for part in (*here.parent.parts, here.stem):
        if part.lower().strip("_") in SAY_NOTHING:
            yield Problem(path, 1, f"{part} says nothing about what is inside: name it by what it does")
    if path.startswith("tests/") or here.name == "__init__.py":
        return
    lines = len((ast.get_docstring(ast.parse(text)) or "").splitlines())
    if not SHORTEST <= lines <= LONGEST:
        yield Problem(
            path,
            1,
            f"the module's docstring has {lines} lines, not {SHORTEST} to {LONGEST}: "
            "why it exists, the constraint that made it, what it must not do",
        )
