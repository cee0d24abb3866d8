"""A file's name as people may be shown it: what a client sent, made harmless.

The name is never a path on the volume (content lies under its digest); it is shown in tables, pages, logs and
downloads. So only what could mislead or break those goes: folders before it, control and invisible formatting
characters (among them those that turn the direction of text), white space in a row, and length. Letters of
every script and emoji stay.
"""

from __future__ import annotations

import re
import unicodedata

LIMIT = 120
"""Characters that a shown name may have; longer ones are cut in the middle, so that the ending stays."""

_KEPT_FORMATS = "\u200c\u200d"  # joiners that scripts and emoji need
_SPACES = re.compile(r"\s+")


def shown_name(sent: str, default: str = "upload") -> str:
    """Return the last part of a sent file name, cleaned; the default where nothing of it can stay."""
    last = re.split(r"[/\\]", sent.replace("\0", ""))[-1]
    normal = unicodedata.normalize("NFC", last)
    visible = "".join(" " if one.isspace() else one for one in normal if one.isspace() or _is_visible(one))
    name = _SPACES.sub(" ", visible).strip(" .")
    if not name:
        return default
    return name if len(name) <= LIMIT else f"{name[: LIMIT - 21]}…{name[-20:]}"


def _is_visible(one: str) -> bool:
    return one in _KEPT_FORMATS or unicodedata.category(one) not in ("Cc", "Cf", "Cs", "Co", "Cn")
