"""A comment that silences a tool carries its reason on the same line.

`noqa`, `type: ignore` and `pragma: no cover` are sometimes right, never obvious. The reason follows the
code after a dash or a second hash, in three words or more. `fmt: skip` needs none: a table shows why.
Comments are read by the tokenizer, so a string that merely contains such words is left alone.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator

from checks.problem import Problem

SILENCE = re.compile(r"#\s*(?P<what>noqa|type:\s*ignore|pragma:\s*no cover)", re.IGNORECASE)
WORDS_OF_REASON = 3


def check(path: str, text: str) -> Iterator[Problem]:
    """Find silencing comments without a reason."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        found = SILENCE.search(token.string) if token.type == tokenize.COMMENT else None
        if found and not has_reason(token.string[found.end() :]):
            yield Problem(path, token.start[0], f"{found['what']} needs its reason beside it, after ' - '")


def has_reason(rest: str) -> bool:
    """Tell whether what follows the silencing word goes on, after a dash or a second hash, with some words."""
    _, _, reason = re.sub(r"\s#\s|\s[-–]+\s", "\0", rest, count=1).partition("\0")
    return len(reason.split()) >= WORDS_OF_REASON
