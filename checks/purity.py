"""The domain `textmill/` does no I/O and reads no clock; this walks its syntax trees and says where it would.

A pure domain can be tested without patches and run again on any picture. Import contracts cannot see
`open` or `datetime.now`, so this does. It works by allowing: a standard module that is not on the list below
is refused until somebody has thought about it; other libraries stand in `[tool.textmill.purity]` of
pyproject.toml. `pathlib` and `random` are allowed for their pure halves only.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

from checks.problem import Problem

STANDARD = frozenset(
    {
        "__future__",
        "abc",
        "base64",
        "binascii",
        "bisect",
        "codecs",
        "collections",
        "copy",
        "dataclasses",
        "datetime",
        "decimal",
        "enum",
        "fractions",
        "ipaddress",
        "functools",
        "graphlib",
        "hashlib",
        "heapq",
        "hmac",
        "itertools",
        "json",
        "math",
        "numbers",
        "operator",
        "pathlib",
        "random",
        "re",
        "statistics",
        "string",
        "struct",
        "textwrap",
        "types",
        "typing",
        "unicodedata",
        "urllib.parse",
        "zlib",
    }
)
ONLY = {
    "pathlib": {"PurePath", "PurePosixPath"},
    "random": {"Random"},
}
CALLS = frozenset({"open", "input", "print", "exec", "eval", "compile", "__import__", "breakpoint"})
CLOCKS = frozenset({"now", "utcnow", "today"})


def check(path: str, text: str, libraries: Collection[str] = ()) -> Iterator[Problem]:
    """Find imports, calls and attributes by which a module would touch the world."""
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Import(names=names):
                yield from (problem for one in names for problem in imported(path, node, one.name, libraries))
            case ast.ImportFrom(module=str(module), names=names):
                yield from imported_names(path, node, module, [one.name for one in names], libraries)
            case ast.Call(func=ast.Name(id=name)) if name in CALLS:
                yield Problem(path, node.lineno, f"{name}() touches the world: the domain may not")
            case ast.Call(func=ast.Name(id="Random") | ast.Attribute(attr="Random"), args=[], keywords=[]):
                yield Problem(path, node.lineno, "Random() without a seed: take the seed as an argument")
            case ast.Attribute(attr=name) if name in CLOCKS and is_date(node.value):
                yield Problem(path, node.lineno, f"{name} reads the clock: take the time as an argument")


def is_date(node: ast.expr) -> bool:
    """Tell whether an expression looks like the class `datetime` or `date`."""
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return name in {"datetime", "date"}


def imported(path: str, node: ast.stmt, module: str, libraries: Collection[str]) -> Iterator[Problem]:
    """Judge `import module`."""
    top = module.partition(".")[0]
    if top in ONLY:
        yield Problem(path, node.lineno, f"import from {top} only {', '.join(sorted(ONLY[top]))}")
    elif top not in {"textmill", *libraries} and not STANDARD & {top, module}:
        yield Problem(path, node.lineno, f"{module} is not on the list of pure modules")


def imported_names(
    path: str, node: ast.stmt, module: str, names: list[str], libraries: Collection[str]
) -> Iterator[Problem]:
    """Judge `from module import names`."""
    if module not in ONLY:
        yield from imported(path, node, module, libraries)
        return
    for name in names:
        if name not in ONLY[module]:
            yield Problem(path, node.lineno, f"{module}.{name} touches the world: the domain may not")
