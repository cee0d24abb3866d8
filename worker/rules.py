"""The word boundary rules of UAX #29, written as the standard writes them: one rule after the other, no state
machine.

The library that cuts words (unicode-segmentation) is fast and right but for one family of sequences, a ZWJ before
an Extended_Pictographic character, where it forgets what stood before the ZWJ. Text that may hold such a sequence
comes here, about fifty times slower; everything else never does. The tests hold the library against this module.
"""

from __future__ import annotations

from worker.characters import MIDDLES, SKIPPED, break_class, is_pictographic

ZWJ = "\u200d"
_LOOK_BACK = 8
_NEWLINES = frozenset({"CR", "LF", "Newline"})
_LETTERS = frozenset({"ALetter", "Hebrew_Letter"})
_BOTH_MIDDLES = frozenset({"MidNumLet", "Single_Quote"})
_MID_LETTERS = _BOTH_MIDDLES | {"MidLetter"}
_MID_NUMBERS = _BOTH_MIDDLES | {"MidNum"}
_JOINED_BY_LOW_LINE = _LETTERS | {"Numeric", "Katakana", "ExtendNumLet"}
_PLAIN = frozenset(
    {(left, right) for left in _LETTERS for right in _LETTERS}  # WB5
    | {(letter, "Numeric") for letter in _LETTERS}  # WB9
    | {("Numeric", letter) for letter in _LETTERS}  # WB10
    | {("Numeric", "Numeric"), ("Katakana", "Katakana"), ("Hebrew_Letter", "Single_Quote")}  # WB8, WB13, WB7a
    | {(one, "ExtendNumLet") for one in _JOINED_BY_LOW_LINE}  # WB13a
    | {("ExtendNumLet", one) for one in _JOINED_BY_LOW_LINE}  # WB13b
)


def needs_rules(text: str) -> bool:
    """Tell whether the library may cut this text wrongly; now and then it says so of text that is harmless."""
    at = text.find(ZWJ)
    while at >= 0:
        following = text[at + 1 : at + 2]
        if following and is_pictographic(following) and _may_be_forgotten(text, at, following):
            return True
        at = text.find(ZWJ, at + 1)
    return False


def segments(text: str) -> list[str]:
    """Return the pieces between the word boundaries of the text; together they are the text."""
    if not text:
        return []
    raw = [break_class(one) for one in text]
    # WB4: what is skipped belongs to the character before it, so only these can begin a segment.
    bases = [at for at, name in enumerate(raw) if at == 0 or name not in SKIPPED or raw[at - 1] in _NEWLINES]
    names = ["", "", *(raw[at] for at in bases), ""]
    bounds = [0]
    indicators = 0
    for number, at in enumerate(bases[1:], 3):
        indicators = indicators + 1 if names[number - 1] == "Regional_Indicator" else 0
        close = _joined_by_neighbours(raw[at - 1], raw[at], text[at])
        if close is None:
            close = _joined(names[number - 2], names[number - 1], names[number], names[number + 1], indicators)
        if not close:
            bounds.append(at)
    return [text[start:end] for start, end in zip(bounds, [*bounds[1:], len(text)], strict=True)]


def _joined_by_neighbours(before: str, current: str, character: str) -> bool | None:
    """Apply the rules that look at the very character before, WB3 to WB3d; None where they say nothing."""
    if before == "CR" and current == "LF":
        return True  # WB3
    if before in _NEWLINES or current in _NEWLINES:
        return False  # WB3a, WB3b
    if before == "ZWJ" and is_pictographic(character):
        return True  # WB3c
    return True if before == current == "WSegSpace" else None  # WB3d


def _joined(second: str, before: str, current: str, after: str, indicators: int) -> bool:
    """Apply the rules that see past what WB4 skips, WB5 to WB16; everywhere else there is a boundary (WB999)."""
    if (before, current) in _PLAIN:
        return True
    if current in _LETTERS and before in _MID_LETTERS and second in _LETTERS:
        return True  # WB7
    if current == "Numeric" and before in _MID_NUMBERS and second == "Numeric":
        return True  # WB11
    if before in _LETTERS and current in _MID_LETTERS and after in _LETTERS:
        return True  # WB6
    if before == "Numeric" and current in _MID_NUMBERS and after == "Numeric":
        return True  # WB12
    hebrew = (before, current, after) == ("Hebrew_Letter", "Double_Quote", "Hebrew_Letter")  # WB7b
    quoted = (second, before, current) == ("Hebrew_Letter", "Double_Quote", "Hebrew_Letter")  # WB7c
    return hebrew or quoted or (current == "Regional_Indicator" and indicators % 2 == 1)  # WB15, WB16


def _may_be_forgotten(text: str, at: int, following: str) -> bool:
    if break_class(following) != "Other":
        return True
    for one in reversed(text[max(0, at - _LOOK_BACK) : at]):
        name = break_class(one)
        if name not in SKIPPED:
            return name in MIDDLES
    return at > 0
