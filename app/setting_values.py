"""How the values of settings are read.

Each function takes the text and returns the value, or says in a ValueError what is wanted instead. The settings
themselves, and in which words they are refused, are in `app/settings.py`.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable

OFF, KUBERNETES, OTLP = "off", "kubernetes", "otlp"
YEAR, MOST = 365 * 86_400, (1 << 31) - 1
_SIZE = re.compile(r"(\d+)\s*([KMGT]i?)?B?", re.IGNORECASE)
_RATE = re.compile(r"[1-9]\d{0,8}( per |/)([1-9]\d{0,4} )?(second|minute|hour|day)s?", re.IGNORECASE)
_UNITS: dict[str, int] = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12} | {
    "KI": 1 << 10,
    "MI": 1 << 20,
    "GI": 1 << 30,
    "TI": 1 << 40,
}


def size(text: str) -> int:
    """Read bytes, with a unit or without."""
    found = _SIZE.fullmatch(text.strip())
    if not found:
        raise ValueError("bytes, such as 500000 or 20Gi")
    return int(found[1]) * _UNITS[(found[2] or "").upper()]


def rates(text: str) -> str:
    """Read how often something may be done."""
    parts = [part.strip() for part in text.split(";") if part.strip()]
    if not all(_RATE.fullmatch(part) for part in parts):
        raise ValueError("a rate such as `600 per minute`, or several with `;` between them")
    return "; ".join(parts)


def whole(least: int) -> Callable[[str], int]:
    """Return what reads a whole number from `least` on."""

    def read(text: str) -> int:
        if not least <= (number := int(text)) <= MOST:
            raise ValueError(f"a whole number from {least} to {MOST}")
        return number

    return read


def places(text: str) -> int | None:
    """Read a number of places, None where nothing is said."""
    return whole(0)(text) if text else None


def seconds(text: str) -> float:
    """Read a time; those beyond a year are refused, as no system call waits for ever."""
    number = float(text)
    if not 0 <= number <= YEAR:  # this is no number either: nan
        raise ValueError(f"a number from 0 to {YEAR}")
    return number


def positive(text: str) -> float:
    """Read a time above 0."""
    number = seconds(text)
    if not number:
        raise ValueError("a number above 0")
    return number


def share(text: str) -> float:
    """Read a share of something."""
    number = float(text)
    if not 0 <= number <= 1:
        raise ValueError("a share from 0 to 1")
    return number


def level(text: str) -> str:
    """Read a level of the log."""
    found = text.strip().upper()
    if found not in logging.getLevelNamesMapping():
        raise ValueError("a level such as INFO or WARNING")
    return found


def mode(text: str) -> str:
    """Read who may ask."""
    if text not in (OFF, KUBERNETES):
        raise ValueError(f"{OFF} or {KUBERNETES}")
    return text


def traces(text: str) -> str:
    """Read where spans go."""
    if text not in (OFF, OTLP):
        raise ValueError(f"{OFF} or {OTLP}")
    return text


def names(text: str) -> tuple[str, ...]:
    """Read names with commas between them."""
    return tuple(part.strip() for part in text.split(",") if part.strip())
