"""A test waits for a condition, never for a while.

A sleep that is long enough on one machine is too short on the next and too long on all others. Inside a loop
that asks again it is a poll, and allowed; outside one it is a guess. `asyncio.sleep(0)`, which only lets
others run, is allowed everywhere. So is a sleep inside a string: a program that a test starts may sleep.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from checks.problem import Problem

LOOPS = (ast.While, ast.For, ast.AsyncFor)


def check(path: str, text: str) -> Iterator[Problem]:
    """Find sleeps outside any loop."""
    tree = ast.parse(text)
    polled = {id(inner) for loop in ast.walk(tree) if isinstance(loop, LOOPS) for inner in ast.walk(loop)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and is_sleep(node) and id(node) not in polled:
            yield Problem(path, node.lineno, "a sleep outside a loop is a guess: wait for the condition itself")


def is_sleep(node: ast.Call) -> bool:
    """Tell whether a call sleeps for longer than nothing."""
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    idle = len(node.args) == 1 and isinstance(node.args[0], ast.Constant) and node.args[0].value == 0
    return name == "sleep" and not idle
