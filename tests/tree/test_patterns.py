"""No regular expression of the product takes longer than in proportion to its input, whatever the input is.

Each pattern that the source names is tried on texts made from itself: what stands before a repetition, then the
repetition pumped up, then something that fits nowhere. A pattern that goes back over what it has read needs thousands
of times as long for 16 KiB of that as one that does not, so the measure need not be fine.
"""

from __future__ import annotations

import ast
import importlib
import re
import time
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from checks import tree

codes: Any = importlib.import_module("re._constants")
parser: Any = importlib.import_module("re._parser")
"""What Python makes of a pattern; neither is public, and both have been there for thirty years."""

ROOMS = {"worker": "", "app": "", "textmill": "", "cli": "cli", "operator": "operator", "local": ""}
"""Where the product is, and from which folder its modules are imported."""
MADE_WHEN_CALLED = {"worker/characters.py": 2, "app/options.py": 0, "local/apiserver/cel.py": 2}
"""Patterns that no source names whole: two sets of characters, and what a CRD's author writes."""
MOST = 16_384
LEAST = 8
FAIR = 0.005
"""Seconds of CPU below which nobody asks how they grew; a pattern that reads on takes a tenth of that for MOST."""
EVERYWHERE = frozenset({"search", "split", "sub", "subn", "findall", "finditer"})
BREAKERS = ("", "\n!\n", "/")


Found = tuple[re.Pattern[Any], bool]
"""A pattern, and whether it is looked for everywhere in a text and not at one place alone."""


def calls(module: ast.Module) -> Iterator[ast.Call]:
    """Find the calls of a module that are given a pattern."""
    for node in ast.walk(module):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "re"
            and node.args
        ):
            yield node


def searched(module: ast.Module, call: ast.Call) -> bool:
    """Tell whether a call, or what its module does with the pattern that it makes, looks everywhere in a text."""
    names = {
        target.id
        for node in ast.walk(module)
        if isinstance(node, ast.Assign) and node.value is call
        for target in node.targets
        if isinstance(target, ast.Name)
    } | {"re"}
    used = ast.walk(module) if len(names) > 1 else [call.func]
    return any(
        isinstance(one, ast.Attribute)
        and isinstance(one.value, ast.Name)
        and one.value.id in names
        and one.attr in EVERYWHERE
        for one in used
    )


@cache
def patterns() -> dict[str, list[Found]]:
    """Return the patterns of each file that names any."""
    found: dict[str, list[Found]] = {}
    for room, folder in ROOMS.items():
        for path in sorted((tree.ROOT / room).rglob("*.py")):
            inner = path.relative_to(tree.ROOT / folder)
            source = ast.parse(path.read_text("utf-8"))
            if nodes := list(calls(source)):
                module = importlib.import_module(".".join(inner.with_suffix("").parts))
                name = str(path.relative_to(tree.ROOT))
                known = [
                    (made, searched(source, node))
                    for node in nodes
                    if (made := evaluated(node, vars(module))) is not None
                ]
                assert len(nodes) - len(known) == MADE_WHEN_CALLED.get(name, 0), f"{name}: a pattern made when called"
                found[name] = known
    return found


def evaluated(call: ast.Call, names: dict[str, Any]) -> re.Pattern[Any] | None:
    """Compile what a call is given, with its flags if it is a call of `re.compile`; None where it is not known yet."""
    assert isinstance(call.func, ast.Attribute)
    kept = [call.args[0], *(call.args[1:2] if call.func.attr == "compile" else ())]
    sources = [compile(ast.Expression(one), "pattern", "eval") for one in kept]
    try:
        return re.compile(*(eval(one, dict(names)) for one in sources))  # noqa: S307 - the product's own source
    except NameError:
        return None


def sample(nodes: Any) -> str:
    """Return a text that these nodes match, where that is simple; each repetition stands once at least."""
    return "".join(_sample(code, value) for code, value in nodes)


def _sample(code: Any, value: Any) -> str:
    if code in (codes.LITERAL, codes.NOT_LITERAL):
        return chr(value) if code is codes.LITERAL else "~"
    if code is codes.IN:
        return _member(value)
    if code is codes.ANY:
        return "~"
    if code in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
        return sample(value[2]) * max(1, min(int(value[0]), LEAST))
    if code is codes.SUBPATTERN:
        return sample(value[-1])
    if code is codes.BRANCH:
        return sample(value[1][0])
    return ""


def _member(items: Any) -> str:
    if items[0][0] is codes.NEGATE:
        return next(one for one in "~a0 \n\0!" if re.match(_class(items), one))
    return next(one for one in map(chr, range(1 << 16)) if re.match(_class(items), one))


def _class(items: Any) -> str:
    """Write a set of characters as a pattern again."""
    told = {
        codes.CATEGORY_DIGIT: r"\d",
        codes.CATEGORY_SPACE: r"\s",
        codes.CATEGORY_WORD: r"\w",
        codes.CATEGORY_NOT_SPACE: r"\S",
    }
    written = ""
    for code, value in items:
        if code is codes.NEGATE:
            written += "^"
        elif code is codes.LITERAL:
            written += f"\\U{value:08x}"
        elif code is codes.RANGE:
            written += f"\\U{value[0]:08x}-\\U{value[1]:08x}"
        else:
            written += told[value]
    return f"[{written}]"


def pumps(nodes: Any, before: str = "") -> Iterator[tuple[str, str]]:
    """Yield what stands before each repetition, and a text of which it takes any number."""
    for code, value in nodes:
        if code in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
            yield before, sample(value[2])
            yield from pumps(value[2], before)
        elif code is codes.SUBPATTERN:
            yield from pumps(value[3], before)
        elif code is codes.BRANCH:
            for one in value[1]:
                yield from pumps(one, before)
        elif code in (codes.ASSERT, codes.ASSERT_NOT):
            yield from pumps(value[1], before)
        before += _sample(code, value)
        yield "", before  # the whole once more, and again


def cost(found: Found, text: str) -> float:
    """Return the seconds of CPU that trying the pattern on a text takes."""
    pattern, everywhere = found
    given: Any = text if isinstance(pattern.pattern, str) else text.encode("latin-1")
    begun = time.process_time()
    pattern.fullmatch(given)
    pattern.match(given)
    if everywhere:
        pattern.split(given)
    return time.process_time() - begun


def grows_too_fast(found: Found, before: str, pump: str, breaker: str) -> bool:
    """Tell whether eight times the text takes much more than eight times as long; small steps catch what explodes."""
    size = LEAST
    while size * len(pump) <= MOST:
        if cost(found, f"{before}{pump * size}{breaker}") > FAIR:
            whole, eighth = (
                min(cost(found, f"{before}{pump * count}{breaker}") for _ in range(3)) for count in (size, size // 8)
            )
            return whole > FAIR and whole > 24 * eighth
        size += size // 4 if size < 64 else size
    return False


def slow(found: Found) -> tuple[str, str, str] | None:
    """Return what a pattern takes too long for: the beginning, what follows any number of times, and the end."""
    made = list(pumps(parser.parse(found[0].pattern, found[0].flags)))
    tried = {(before, pump) for before, pump in made if pump} | {(before, " ") for before, _ in made}
    texts = ((before, pump, end) for before, pump in sorted(tried) for end in BREAKERS)
    return next((one for one in texts if grows_too_fast(found, *one)), None)


@pytest.mark.parametrize("path", sorted(patterns()))
def test_pattern_takes_no_longer_than_its_input_is_long(path: str) -> None:
    for found in patterns()[path]:
        assert not slow(found), f"{path}: {found[0].pattern!r}"


@pytest.mark.parametrize(
    "pattern", [r"(a|a)*b", r"(?:<!--.{0,2000}?-->\s*){0,8}<html", r"a\s*=\s*['\"]?\s*b", r",(?![^(]*\))", r"<a[^>]*b"]
)
def test_pattern_that_goes_back_over_its_input_is_found(pattern: str) -> None:
    assert slow((re.compile(pattern, re.DOTALL), True))
