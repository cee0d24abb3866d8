"""Bytes as Kubernetes writes them: `512Mi`, `1.5G` or a plain number.

Whoever sets a memory limit writes it as in a container, so the settings read that, too. A quantity is read exactly, and
one that is no whole number of bytes is rounded up, as Kubernetes does; a float would lose bytes of large ones. Nothing
is known here about which values make sense.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction

_QUANTITY = re.compile(r"([0-9]{1,19}(?:\.[0-9]{1,9})?)(k|[KMGT]i?|)")
_POWERS = {"": 0, "k": 1, "K": 1, "M": 2, "G": 3, "T": 4}


def size(text: str) -> int:
    """Read bytes; ValueError for what is no quantity of them."""
    found = _QUANTITY.fullmatch(text.strip())
    if not found:
        raise ValueError(f"{text!r} is no number of bytes, such as 536870912 or 512Mi")
    base: int = 1024 if found[2].endswith("i") else 1000
    return math.ceil(Fraction(found[1]) * Fraction(base) ** _POWERS[found[2][:1]])
