"""A long stretch with no line feed and no space: words are found in it as it streams by, even one of 100 MB.

Minified data, DNA, a file of one word. The rules are applied to a window; the boundaries that no later character
can move are taken, and what is still open stays. An open piece may be longer than any window, so only its bytes are
kept, and in the next window a stand-in of a few characters takes its place that makes every rule decide alike: of
all that stands before a boundary the rules see the last two characters that are not skipped, whether a ZWJ is the
very last, and whether regional indicators are paired. At most two pieces are open at once: "a" and "." may still
become "a.b".
"""

from __future__ import annotations

from collections.abc import Iterator

import unicode_segmentation_rs as library

from worker import characters, rules
from worker.characters import MIDDLES, break_class, last_base
from worker.errors import MemoryTooSmall

LIVE = 65_536
"""Characters of an open piece that are kept as they are before a stand-in takes their place."""


class _Held:
    """An open piece, or the front of one: what it is, and what stands for it in the next window."""

    def __init__(self) -> None:
        self.content: list[str] = []
        self.stand_in = ""


class Stretch:
    """Finds the words of a text that comes in windows; holds no more than what is open."""

    def __init__(self, largest_word: int) -> None:
        self._largest = largest_word
        self._held: list[_Held] = []
        self._live = ""
        self._size = 0

    @property
    def size(self) -> int:
        """Roughly the bytes of what is open."""
        return self._size + len(self._live)

    def push(self, text: str) -> Iterator[str]:
        """Yield the words that this window makes certain; what it leaves open stays here."""
        found = self._segments(text)
        undecided = len(found) > 1 and break_class(found[-1][0]) in MIDDLES and last_base(found[-1]) == 0
        keep = 2 if undecided else 1
        certain = found[:-keep]
        yield from self._words(certain)
        self._keep(found[-keep:], sum(map(len, certain)))

    def finish(self) -> Iterator[str]:
        """Yield the words that were still open; nothing stays here."""
        yield from self._words(self._segments(""))
        self._held, self._live = [], ""

    def _segments(self, text: str) -> list[str]:
        window = "".join([*(one.stand_in for one in self._held), self._live, text])
        if rules.ZWJ in window and rules.needs_rules(window):
            return rules.segments(window)
        return library.split_word_bounds(window)

    def _words(self, segments: list[str]) -> Iterator[str]:
        """Yield the words among the first segments of the window."""
        ended = sum(len(one.stand_in) for one in self._held)
        at = number = 0
        while at < ended and number < len(segments):
            yield from self._word(segments[number], at)
            at += len(segments[number])
            number += 1
        # Past the stand-ins every segment is what it looks like: no question need be asked for each of millions.
        for segment in segments[number:]:
            if characters.is_word(segment):
                yield segment if len(segment) <= LIVE else long_lower([segment])

    def _word(self, segment: str, at: int) -> Iterator[str]:
        """Yield the segment at this place of the window, with what its stand-ins stand for, if it is a word."""
        held, plain = self._parts(segment, at)
        content = [piece for one in held for piece in one.content]
        content.append(plain)
        if any(map(characters.is_word, content)):
            yield plain if len(content) == 1 and len(plain) <= LIVE else long_lower(content)

    def _parts(self, segment: str, at: int) -> tuple[list[_Held], str]:
        """Return which open pieces lie in this segment of the window, and the characters that are really there."""
        inside: list[_Held] = []
        place = 0
        for one in self._held:
            if at <= place < at + len(segment):
                inside.append(one)
            place += len(one.stand_in)
        return inside, segment[sum(len(one.stand_in) for one in inside) :]

    def _keep(self, still_open: list[str], at: int) -> None:
        """Hold what is open: as it is while it is short, else its bytes and a stand-in."""
        place, kept = 0, []
        for one in self._held:
            if place >= at:
                kept.append(one)
            place += len(one.stand_in)
        self._held = kept
        self._size = self._size if kept else 0
        self._live = "".join(still_open)[sum(len(one.stand_in) for one in kept) :]
        if len(self._live) > LIVE:
            self._compress()

    def _compress(self) -> None:
        """Put stand-ins in the place of what is held and live: two of them where a character between two words is
        last."""
        fronts = self._held
        window = "".join([*(one.stand_in for one in fronts), self._live])
        base = last_base(window)
        middle = base if break_class(window[base]) in MIDDLES else 0
        packed = [_Held(), _Held()]
        place = 0
        for one in [*fronts, None]:
            text = self._live if one is None else one.stand_in
            split = min(max(middle - place, 0), len(text))
            if one is None:
                packed[0].content.append(text[:split])
                packed[1].content.append(text[split:])
            else:
                packed[1 if place >= middle else 0].content += one.content
            place += len(text)
        packed[0].stand_in, packed[1].stand_in = _stand_in(window[:middle]), _stand_in(window[middle:])
        self._size += len(self._live.encode())
        self._held, self._live = [one for one in packed if one.stand_in], ""
        if self._size > self._largest:
            raise MemoryTooSmall(
                f"a run of more than {self._size:,} bytes that cannot be cut does not fit into the worker's memory"
            )


def long_lower(content: list[str]) -> str:
    """Return the lower case of a long word that is given in pieces, in few copies: it uses the pieces up."""
    lowered = bytearray()
    for piece in characters.lower_in_pieces(content):
        lowered += piece.encode()
    return lowered.decode()


def _stand_in(text: str) -> str:
    """Return a few characters before which and after which the rules decide as with this piece."""
    if not text:
        return ""
    base = last_base(text)
    tail = text[-1] if base < len(text) - 1 else ""
    front = text[last_base(text[:base])] if base and break_class(text[base]) == "Regional_Indicator" else ""
    paired = front if front and break_class(front) == "Regional_Indicator" else ""
    return paired + text[base] + tail
