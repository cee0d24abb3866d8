"""Modules stay at 300 lines, test files at 250, functions at 50; what is longer says why.

Length is the one sign of a module with two purposes that a program can see. Exceptions stand in
pyproject.toml under `[tool.textmill.sizes]`: a path, or path::name for a function, with the lines it may have
and the reason. An exception that is no longer needed is a problem too, so the list only shrinks.
Functions are counted from the first decorator to the last line, docstring included.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import TypedDict

from checks.problem import Problem

MODULE_LINES = 300
TEST_LINES = 250
FUNCTION_LINES = 50


class Exemption(TypedDict):
    """How long one module or function may be, and why."""

    lines: int
    reason: str


def sizes(path: str, text: str) -> Iterator[tuple[str, int, int, int]]:
    """Yield the key, line, length and bound of a module and of every function in it."""
    bound = TEST_LINES if path.startswith("tests/") else MODULE_LINES
    yield path, 1, len(text.splitlines()), bound
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            yield f"{path}::{node.name}", first, (node.end_lineno or first) - first + 1, FUNCTION_LINES


def check(files: Mapping[str, str], exempt: Mapping[str, Exemption]) -> Iterator[Problem]:
    """Find what is too long, and exemptions that nothing needs."""
    needed = set()
    for path, text in files.items():
        for key, line, length, bound in sizes(path, text):
            allowed = exempt[key]["lines"] if key in exempt else bound
            if length > bound:
                needed.add(key)
            if length > allowed:
                yield Problem(path, line, f"{key} has {length} lines, more than {allowed}: split it")
    for key in exempt.keys() - needed:
        yield Problem("pyproject.toml", 1, f"the exemption of {key} from the size limits is not needed: remove it")
    for key, one in exempt.items():
        if len(one["reason"].split()) < 4:
            yield Problem("pyproject.toml", 1, f"the exemption of {key} needs a reason in words")
