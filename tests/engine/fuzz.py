"""`python -m tests.engine.fuzz [STRINGS]`: a million hostile strings and cuts of real text, through both engines.

Thousands of strings, with a line feed after each, make a text, which both engines are fed in blocks of random size:
the reference decides. The seed is printed, so a difference can be had again, and the shortest string that shows it is
looked for. As many processes as there are processors share the work.
"""

from __future__ import annotations

import os
import random
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import accumulate

from tests.engine.making import CAP, REAL, fed, in_order
from worker import unicode_table
from worker.characters import edges
from worker.compiled import Compiled
from worker.engines import Engine
from worker.plain import Plain

STRINGS = 1_000_000
LINES = 5_000


def characters() -> tuple[list[str], list[float]]:
    """Return the characters that strings are made of, and how often each comes: every class, and what joins, often."""
    weights: dict[str, float] = dict.fromkeys("abcXYZ019 .,:;'\"_", 4)
    for distances in (*unicode_table.BREAK.values(), unicode_table.PICTOGRAPHIC, unicode_table.CASED):
        turns = edges(distances)
        for first, end in zip(turns[::2], turns[1::2], strict=True):
            for point in {first, end - 1}:
                weights.setdefault(chr(point), 40 / len(turns))
    for one in "\u0301\u200d\u00ad\u2060\u0345\u0130\u03a3\u03c3\u05d0\u30ab\u2139\u24c2\U0001f170\u00e9\u4e00":
        weights[one] = 3
    for one in "\n\r\v\f\x85\u2028\u2029":
        weights[one] = 1  # few, or no stretch would be long
    return list(weights), list(weights.values())


def lines(dice: random.Random, number: int) -> list[str]:
    """Return so many strings, a tenth of them cuts of real text."""
    all_characters, weights = characters()
    ends = list(accumulate(weights))
    made = []
    for _ in range(number):
        if dice.random() < 0.1:
            start = dice.randrange(len(REAL))
            made.append(REAL[start : start + dice.randrange(60)])
        else:
            made.append("".join(dice.choices(all_characters, cum_weights=ends, k=dice.randrange(20))))
    return made


def words(engine: Engine, text: str, dice: random.Random) -> list[str]:
    """Return the words of a text that is fed in blocks of random size."""
    found, at = [], 0
    while at < len(text):
        size = dice.choice((1, 7, 64, 4096, 1 << 20))
        found.append(text[at : at + size * 50].encode())
        at += size * 50
    return in_order(fed(engine.words(CAP, CAP), found))


def batch(seed: int, size: int) -> str:
    """Hold the engines against each other over one batch; return what differs."""
    dice = random.Random(seed)
    made = lines(dice, size)
    text = "\n".join(made)
    if words(Compiled(), text, dice) == words(Plain(), text, dice):
        return ""
    shown = [one for one in made if words(Compiled(), one, dice) != words(Plain(), one, dice)]
    return f"seed {seed}: {min(map(ascii, shown), key=len, default='only as one text')}"


def main() -> int:
    """Run as many strings as are asked for."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else STRINGS
    first = int.from_bytes(os.urandom(4))
    seeds = range(first, first + -(-number // LINES))
    print(f"{len(seeds) * LINES:,} strings, seeds {seeds.start} to {seeds.stop - 1}", flush=True)
    with ProcessPoolExecutor() as pool:
        differences = [found for found in pool.map(partial(batch, size=LINES), seeds) if found]
    print("\n".join(differences) or "no difference")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
