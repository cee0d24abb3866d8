"""A worker for the model cluster: it obeys real orders over texts and a volume that are dictionaries.

Its words are what `str.split` gives. Some words have a meaning, so that a text can ask for its own fate:
`bomb` kills the pod that reads it, `binary` is no text, `utf-16` cannot be cut into shards, `crowded` finds
no room on the volume at the first try. Like the real one it keeps an artefact that is there.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from textmill import layout, reports
from textmill.actions import JobPlan
from textmill.errors import Reason
from textmill.orders import CountOrder, TokenizeOrder

SMALL, SHARD = 20, 40
TEXTS = (
    "a b a",
    "a b a",
    "one two three",
    "bomb",
    "binary x",
    "crowded house",
    "so big that it is alone",
    "so big that it bomb x y",
    "far too big to be one single shard of any kind, is it",
    "far too big and of utf-16 so that it cannot be cut at all",
    "large enough for four shards " * 6,
)
"""Texts for all that can be said of a text; up to SMALL bytes they share a pod, above SHARD they are cut."""


class OutOfMemory(Exception):
    """The pod dies."""


def digest(text: str) -> str:
    """Return a text's SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()


def result_of(words: Sequence[str]) -> dict[str, Any]:
    """Return the statistics that are right for these words."""
    counts = Counter(words)
    top = sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:3]
    return {
        "tokens": len(words),
        "distinctWords": len(counts),
        "topWords": [{"word": word, "count": count} for word, count in top],
    }


@dataclass
class Volume:
    """texts: by upload digest, path or request uid. tokens: words by their path and shard. tables: paths."""

    texts: dict[str, str] = field(default_factory=dict)
    tokens: dict[tuple[str, int], list[str]] = field(default_factory=dict)
    tables: set[str] = field(default_factory=set)
    observed: dict[str, dict[str, Any]] = field(default_factory=dict)
    crowded: set[str] = field(default_factory=set)

    def text(self, order: TokenizeOrder) -> str | None:
        """Return the text that an order names."""
        if order.source == "inline":
            return base64.b64decode(order.value).decode()
        return self.texts.get(order.value)

    def work(self, job: JobPlan, index: int) -> list[str]:
        """Do one pod's work and return its report lines; OutOfMemory where it dies of it."""
        lines = []
        for order in job.orders:
            if isinstance(order, TokenizeOrder):
                report = self.tokenize(order, layout.tokens(job.name, order.id), index, job.shards)
            else:
                report = self.count(order, layout.table(job.name, order.id))
            lines.append(reports.line(report))
        return lines

    def tokenize(self, order: TokenizeOrder, path: str, index: int, shards: int) -> reports.Report:
        """Cut one shard of one text into words."""
        text = self.text(order)
        if text is None:
            return reports.failed(order.id, Reason.INPUT_MISSING, "there is no such text")
        size = len(text.encode())
        if order.leave_above is not None and size > order.leave_above:
            return reports.left(order.id, reports.LEFT_TOO_BIG, size)
        words = text.split()
        if "bomb" in words:
            raise OutOfMemory
        if "binary" in words:
            return reports.failed(order.id, Reason.NOT_TEXT, "byte 0 is a NUL")
        if shards > 1 and "utf-16" in words:
            return reports.left(order.id, reports.LEFT_NOT_SHARDABLE, size)
        if "crowded" in words and order.id not in self.crowded:
            self.crowded.add(order.id)
            return reports.failed(order.id, Reason.VOLUME_FULL, "no space left on device")
        step = -(-len(words) // shards)
        mine = self.tokens.setdefault((path, index), words[index * step : (index + 1) * step])
        observed = {"bytes": size, "encoding": "utf-8", "invalidBytes": 0}
        self.observed[path] = {**observed, "sha256": digest(text)}
        if index == 0:
            observed["sha256"] = digest(text)
        return reports.done_tokens(order.id, index, shards, observed, len(mine))

    def count(self, order: CountOrder, table: str) -> reports.Report:
        """Count the words of all shards."""
        shards = [self.tokens.get((order.tokens, index)) for index in range(order.shards)]
        words = [word for shard in shards for word in shard or ()]
        if None in shards:
            return reports.failed(order.id, Reason.ARTEFACT_INVALID, f"{order.tokens} lacks a shard")
        self.tables.add(table)
        result = {"bytes": 0, **result_of(words), "table": {"path": table}}
        cut = reports.done_tokens(order.id, 0, 1, self.observed[order.tokens], len(words))
        return reports.done_count(order.id, result, *([cut] if order.shards == 1 else ()))
