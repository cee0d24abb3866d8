"""What the pinned version of Unicode says about characters: which make a word, their lower case, how they break.

Python's `str.isalnum` and `str.lower` are not asked, since they change with the interpreter and results must not.
The table behind this module is generated (`scripts/unicode_table.py`); it is read piece by piece and only when text
that is not ASCII first needs it, so a small ASCII file never pays for it.

Final sigma follows the standard's definition (The Unicode Standard, table 3-17) to the letter: before it a cased
letter and any case-ignorable characters, after it no such sequence. A character that is both cased and ignorable
(U+02B0) counts as cased; several libraries skip it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import accumulate, chain

UNICODE = "17.0.0"

SIGMA = "\u03a3"
SMALL_SIGMA = "\u03c3"
FINAL_SIGMA = "\u03c2"

Test = Callable[[str], bool]
_STEP = 64


def is_word(segment: str) -> bool:
    """Tell whether a segment holds an Alphabetic or Numeric (Nd, Nl, No) character, and so is a word."""
    if segment.isascii():
        return any(map(str.isalnum, segment))
    return any(map(_test("WORD"), segment[:_STEP])) or _word_character().search(segment, _STEP) is not None


def lower(word: str) -> str:
    """Return the full lower case of one word, final sigma included."""
    if word.isascii():
        return word.lower()
    plain = lower_plain(word)
    return plain if SIGMA not in word else "".join(_with_sigmas(word, plain, False, ()))


def lower_in_pieces(pieces: list[str]) -> Iterator[str]:
    """Yield the lower case of one word that comes in pieces, piece by piece, and let go of each piece on the way."""
    cased = False
    for number, piece in enumerate(pieces):
        plain = piece.lower() if piece.isascii() else lower_plain(piece)
        if SIGMA in piece:
            plain = "".join(_with_sigmas(piece, plain, cased, pieces[number + 1 :]))
        cased = _meets_cased(reversed(piece), otherwise=cased)
        pieces[number] = ""
        yield plain


def lower_plain(text: str) -> str:
    """Return the lower case that no neighbour decides: every capital sigma becomes the small one within a word."""
    return "".join(map(_lower_map().get, text, text)) if "\u0130" not in text else _with_dotted(text)


SKIPPED = frozenset({"Extend", "Format", "ZWJ"})
MIDDLES = frozenset({"MidLetter", "MidNum", "MidNumLet", "Single_Quote", "Double_Quote"})


def last_base(text: str) -> int:
    """Return the place of the last character that the rules do not skip, or 0."""
    end = len(text)
    while end > 0:
        start = max(end - _STEP, 0)
        found = [match.start() for match in _not_skipped().finditer(text, start, end)]
        if found:
            return found[-1]
        end = start
    return 0


def break_class(character: str) -> str:
    """Return the Word_Break property's value, "Other" for most characters that are no letters."""
    edges, names = _breaks()
    return names[bisect_right(edges, ord(character))]


def is_pictographic(character: str) -> bool:
    """Tell whether the character is Extended_Pictographic."""
    return _test("PICTOGRAPHIC")(character)


def edges(distances: str) -> list[int]:
    """Return the code points where a set of the table begins and ends, in turns."""
    return list(accumulate(int(one, 16) for one in distances.split()))


def _meets_cased(characters: Iterable[str], *, otherwise: bool = False) -> bool:
    """Tell whether a cased character comes before the first that is not ignorable; `otherwise` if neither comes."""
    cased, ignorable = _test("CASED"), _test("CASE_IGNORABLE")
    for one in characters:
        if cased(one):
            return True
        if not ignorable(one):
            return False
    return otherwise


def _with_sigmas(word: str, plain: str, cased: bool, later: Sequence[str]) -> Iterator[str]:
    """Yield the lower case of the word's characters; `cased` tells of what stands before, `later` comes after."""
    # One letter (U+0130) has a lower case of two characters: then each is asked for on its own.
    characters = plain if len(plain) == len(word) else [lower_plain(one) for one in word]
    for at, (one, small) in enumerate(zip(word, characters, strict=True)):
        if one != SIGMA:
            yield small
            continue
        after = word[at + 1 : at + 2]
        if after and _test("CASED")(after):
            yield SMALL_SIGMA
            continue
        before = _meets_cased((word[i] for i in range(at - 1, -1, -1)), otherwise=cased)
        rest = (word[i] for i in range(at + 1, len(word)))
        final = before and not _meets_cased(chain(rest, chain.from_iterable(later)))
        yield FINAL_SIGMA if final else SMALL_SIGMA


def _with_dotted(text: str) -> str:
    return "i\u0307".join(map(lower_plain, text.split("\u0130")))


@cache
def _test(name: str) -> Test:
    from worker import unicode_table

    turns = edges(getattr(unicode_table, name))
    return lambda character: bisect_right(turns, ord(character)) & 1 == 1


@cache
def _not_skipped() -> re.Pattern[str]:
    from worker import unicode_table

    turns = [edges(unicode_table.BREAK[name]) for name in sorted(SKIPPED)]
    ranges = [
        f"\\U{first:08x}-\\U{end - 1:08x}" for one in turns for first, end in zip(one[::2], one[1::2], strict=True)
    ]
    return re.compile(f"[^{''.join(ranges)}]")


@cache
def _word_character() -> re.Pattern[str]:
    from worker import unicode_table

    turns = edges(unicode_table.WORD)
    ranges = [f"\\U{first:08x}-\\U{end - 1:08x}" for first, end in zip(turns[::2], turns[1::2], strict=True)]
    return re.compile(f"[{''.join(ranges)}]")


@cache
def _lower_map() -> dict[str, str]:
    from worker import unicode_table

    pairs: dict[str, str] = {}
    for run in unicode_table.LOWER.split():
        first, count, step, distance = (int(one, 16) for one in run.split(":"))
        pairs |= {chr(one): chr(one + distance) for one in range(first, first + count * step, step)}
    return pairs


@cache
def _breaks() -> tuple[list[int], list[str]]:
    from worker import unicode_table

    ends: dict[int, str] = {}
    starts: dict[int, str] = {}
    for name, distances in unicode_table.BREAK.items():
        turns = edges(distances)
        starts |= dict.fromkeys(turns[::2], name)
        ends |= dict.fromkeys(turns[1::2], "Other")
    found = sorted((ends | starts).items())
    return [at for at, _ in found], ["Other", *(name for _, name in found)]
