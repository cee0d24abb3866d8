"""Functions, methods and classes that nothing uses are removed, not kept for later.

vulture finds names that are defined and never read, in the product and its scripts together; tests do not
count as use, so what only a test calls is found too. Names of attributes and variables are judged only where
vulture is sure, since settings of other libraries look unused. What is called from outside by its name stands
with the reason under `[tool.textmill.called-from-outside]` in pyproject.toml.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from vulture import Vulture

from checks.problem import Problem

CALLED_BY_DECORATOR = [
    *(f"@*.{name}" for name in ("get", "post", "put", "patch", "delete", "head", "route", "command", "group")),
    "@kopf.*",
]
SURE = 100
KINDS = frozenset({"function", "method", "class", "property", "import"})


def check(files: Mapping[str, str], outside: Mapping[str, str]) -> Iterator[Problem]:
    """Find what nothing uses, and names called from outside that are not there."""
    finder = Vulture(ignore_names=list(outside), ignore_decorators=CALLED_BY_DECORATOR)
    for path, text in files.items():
        finder.scan(text, path)
    for one in finder.get_unused_code():
        if one.typ in KINDS or one.confidence == SURE:
            yield Problem(str(one.filename), one.first_lineno, f"{one.message}: remove it, or say who calls it")
    for name, reason in outside.items():
        if not any(name in text for text in files.values()):
            yield Problem("pyproject.toml", 1, f"{name} is called from outside, but stands nowhere")
        if len(reason.split()) < 3:
            yield Problem("pyproject.toml", 1, f"{name} is called from outside: say by whom")
