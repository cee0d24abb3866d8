"""What a value from outside must look like before anything else looks at it.

Kubernetes objects and workers' reports are written by others, and may be JSON of any shape. Each shape here is a
function that returns a copy of a value with nothing in it but what the shape names, or raises BadShape, and no other
exception, whatever the value is. A null stands for an absent field, as in the API. Messages name the field and what is
expected, never the value, which may be a thousand levels deep or have a million digits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from textmill.errors import DomainError

Shape = Callable[[Any], Any]

TEXT = 1 << 20
"""Characters of a text for which no other bound is named."""
INT32, INT64 = (1 << 31) - 1, (1 << 63) - 1
EXACT = float(1 << 53)
"""Up to here a float that is whole is the same number as an int."""


class BadShape(DomainError):
    """A value from outside is not what its place is for."""


def text(most: int = TEXT, among: frozenset[str] | None = None) -> Shape:
    """Return the shape of a text of at most so many characters, and of these words where they are named."""

    def take(value: Any) -> str:
        if not isinstance(value, str):
            raise BadShape(" is no text")
        if len(value) > most:
            raise BadShape(f" has more than {most} characters")
        if not value.isascii() and any("\ud800" <= one <= "\udfff" for one in value):
            raise BadShape(" is no Unicode text")
        if among is not None and value not in among:
            raise BadShape(f" is none of {', '.join(sorted(among))}")
        return value

    return take


def whole(most: int = INT64, least: int = 0) -> Shape:
    """Return the shape of a whole number; one that is written as 2e2 is one, too."""

    def take(value: Any) -> int:
        number = value
        if isinstance(value, float) and abs(value) <= EXACT and value.is_integer():
            number = int(value)
        if not isinstance(number, int) or isinstance(number, bool) or not least <= number <= most:
            raise BadShape(f" is no whole number from {least} to {most}")
        return number

    return take


def flag(value: Any) -> bool:
    """Take true or false."""
    if not isinstance(value, bool):
        raise BadShape(" is neither true nor false")
    return value


def items(one: Shape, most: int = 1 << 20) -> Shape:
    """Return the shape of a list of these."""

    def take(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise BadShape(" is no list")
        if len(value) > most:
            raise BadShape(f" has more than {most} items")
        return [_take(one, item, f"[{place}]") for place, item in enumerate(value)]

    return take


def texts(value: Any) -> dict[str, str]:
    """Take an object whose values are texts, such as labels."""
    if not isinstance(value, Mapping):
        raise BadShape(" is no object")
    one = text()
    return {str(name): _take(one, item, f".{str(name)[:64]}") for name, item in value.items() if item is not None}


def record(needed: tuple[str, ...] = (), /, **fields: Shape) -> Shape:
    """Return the shape of an object with these fields, of which some must be there; others are left out."""

    def take(value: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise BadShape(" is no object")
        found = {
            name: _take(shape, item, f".{name}")
            for name, shape in fields.items()
            if (item := value.get(name)) is not None
        }
        for name in needed:
            if name not in found:
                raise BadShape(f".{name} is missing")
        return found

    return take


def _take(shape: Shape, value: Any, where: str) -> Any:
    try:
        return shape(value)
    except BadShape as error:
        raise BadShape(f"{where}{error}") from None
