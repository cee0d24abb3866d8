"""The reference engine: exact words from a stream of UTF-8, by a well-kept library and one pinned version of
Unicode.

An engine is fed a text block by block and gives back, for each block, the ids of the words that are now certain;
the words themselves stand in `vocabulary`, where a word's place is its id. What a block leaves open (its last line)
waits inside. A compiled engine has the same three methods; `worker/engines.py` chooses.

Every surface form is a key of one dictionary beside its lower case, so a token costs one lookup in C and the slow
questions (is it a word in lower case? what is its lower case?) are asked once for each distinct form.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator

import unicode_segmentation_rs as library

from worker import characters, cuts, rules
from worker.stretch import LIVE, Stretch

SLICE = 16_384
"""Characters given to the library at once: it is fastest on ASCII, so one foreign character slows only its slice."""

OPEN = 1 << 20
"""Characters that may wait for a place to cut before the engine looks for word boundaries in them itself."""

_ENTRY = 200
"""Bytes that an entry costs beside its characters: two objects' heads, and its share of a dictionary that grows by
doubling."""


WRITING = 3
"""Copies of a word that writing it to a file takes: its column, what that is compressed to, what the file is given."""


class Reference:
    """Cuts a text into words and numbers them, in memory bounded by the vocabulary that it has not been rid of."""

    name = "reference"
    unicode = characters.UNICODE

    def __init__(self, largest_word: int = sys.maxsize) -> None:
        """`largest_word` is the length in bytes above which a single word is refused with MemoryTooSmall."""
        self._largest = largest_word
        self._ids = _Ids()
        self._open = ""
        self._stretch: Stretch | None = None

    @property
    def vocabulary(self) -> list[str]:
        """The words since the last `forget`, a word's id being its place."""
        return self._ids.words

    @property
    def memory(self) -> int:
        """Roughly the bytes that the vocabulary takes, with what writing its longest word takes, and twice what is
        open, as that is lowered and added; 0 where there is no word."""
        if not self._ids.words:
            return 0
        waiting = self._stretch.size if self._stretch else len(self._open)
        return self._ids.memory + WRITING * self._ids.longest + 2 * waiting

    def feed(self, block: bytes) -> array[int]:
        """Take the next block, whole characters of UTF-8, and return the ids of the words that it made certain."""
        text = self._open + block.decode() if self._open else block.decode()
        self._open = ""
        found: array[int] = array("I")
        while text:
            text = self._in_stretch(self._stretch, text, found) if self._stretch else self._in_lines(text, found)
        return found

    def finish(self) -> array[int]:
        """Return the ids of the words that were still open at the text's end."""
        found: array[int] = array("I")
        if self._stretch:
            self._number(self._stretch.finish(), found)
            self._stretch = None
        self._cut(self._open, found)
        self._open = ""
        return found

    def forget(self) -> None:
        """Begin a new vocabulary with id 0; the ids given so far belong to the one before."""
        self._ids = _Ids()

    def _in_lines(self, text: str, found: array[int]) -> str:
        """Cut up to the last place that is safe; what is left waits, or opens a stretch. Return what is not yet
        used."""
        at = cuts.last_cut(text)
        self._cut(text[:at], found)
        rest = text[at:]
        if len(rest) < OPEN:
            self._open = rest
            return ""
        self._stretch = Stretch(self._largest)
        return rest

    def _in_stretch(self, stretch: Stretch, text: str, found: array[int]) -> str:
        """Give the stretch what belongs to it, up to the next line feed, which ends it. Return the rest."""
        end = text.find("\n") + 1
        self._number(stretch.push(text[:end] if end else text), found)
        if not end:
            return ""
        self._number(stretch.finish(), found)
        self._stretch = None
        return text[end:]

    def _cut(self, text: str, found: array[int]) -> None:
        number = self._ids.__getitem__
        for piece in cuts.pieces(text, SLICE):
            found.extend(map(number, words(piece)))

    def _number(self, found_words: Iterator[str], found: array[int]) -> None:
        ids = self._ids
        found.extend(ids[word] if len(word) <= LIVE else ids.settled(word) for word in found_words)


def words(text: str) -> list[str]:
    """Return the words of a text as they stand there, by the library or, where that may be wrong, by the rules."""
    if rules.ZWJ in text and rules.needs_rules(text):
        return [segment for segment in rules.segments(text) if characters.is_word(segment)]
    return library.unicode_words(text)


class _Ids(dict[str, int]):
    """Ids by surface form and by word; a form that is met for the first time gets the id of its lower case."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.memory = self.longest = 0

    def __missing__(self, surface: str) -> int:
        word = characters.lower(surface)
        number = self.settled(word)
        if word != surface:
            self[surface] = number
            self.memory += len(surface) + _ENTRY
        return number

    def settled(self, word: str) -> int:
        """Return the id of a word that is in lower case already."""
        number = self.get(word)
        if number is None:
            number = self[word] = len(self.words)
            self.words.append(word)
            self.memory += len(word) + _ENTRY
            self.longest = max(self.longest, len(word))
        return number
