"""Volumes, runs and expected counts for the worker's tests.

What is expected comes from the rules written out (`worker.rules`) over the whole text at once: slow, with no
stream, no library and no cut in it, so it shares no mistake with what is tested but the character table,
which has tests of its own.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import IO, Any, NamedTuple

from arro3.io import read_ipc

from textmill import layout
from textmill.artefacts import TokensManifest
from textmill.orders import CountOrder, TokenizeOrder
from worker import engines, rules
from worker.characters import is_word, lower
from worker.counting import count
from worker.settings import Settings
from worker.tokenizing import tokenize

NOTICE = "" if engines.built() else f"{engines.NOT_BUILT}\n"
"""What a run tells on standard error even when all is well."""

ROOT = Path(__file__).parents[2]
UID = "11111111-2222-4333-8444-555555555555"
TOKENS = layout.tokens("tok-job", UID)
TABLE = layout.table("count-job", UID)


def expected_words(text: str) -> list[str]:
    """Return the words of a text in order, by the rules alone."""
    return [lower(segment) for segment in rules.segments(text) if is_word(segment)]


def expected_rows(text: str) -> list[tuple[str, int]]:
    """Return the table of a text: falling count, then code points."""
    return sorted(Counter(expected_words(text)).items(), key=lambda row: (-row[1], row[0]))


def drop(root: Path, content: bytes, name: str = "text.txt") -> None:
    """Put a file beneath drop/."""
    path = root / layout.DROP / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def path_order(name: str = "text.txt", **fields: Any) -> TokenizeOrder:
    """Return the order for a file beneath drop/."""
    return TokenizeOrder(UID, "path", name, **fields)


def tokenize_settings(root: Path, **fields: Any) -> Settings:
    """Return the settings of a tokenizer pod."""
    return Settings(root, layout.job_tokens("tok-job"), **{"pod_uid": "pod-1", **fields})


def count_settings(root: Path, **fields: Any) -> Settings:
    """Return the settings of a word-count pod."""
    return Settings(root, layout.job_results("count-job"), **{"pod_uid": "pod-2", **fields})


def run_both(root: Path, order: TokenizeOrder, shards: int = 1, **fields: Any) -> dict[str, Any]:
    """Tokenize in so many shards, count, and return the result of the count's report."""
    for index in range(shards):
        report = tokenize(order, tokenize_settings(root, shard=index, shards=shards, **fields))
        assert report["outcome"] == "done", report
    report = count(CountOrder(UID, TOKENS, shards), count_settings(root, **fields))
    result: dict[str, Any] = report["result"]
    return result


def shard_words(root: Path, index: int = 0) -> list[str]:
    """Return a shard's tokens as words, in order."""
    folder = root / layout.shard(TOKENS, index)
    words = column(folder / layout.VOCABULARY, "word")
    return [words[number] for number in column(folder / layout.IDS, "id")]


def shard_manifest(root: Path, index: int = 0) -> TokensManifest:
    """Return a shard's manifest."""
    return TokensManifest.parse((root / layout.shard(TOKENS, index) / layout.MANIFEST).read_text("utf-8"))


def table_rows(root: Path) -> list[tuple[str, int]]:
    """Return the rows of the table, from its Arrow file."""
    path = root / TABLE / layout.TABLE_ARROW
    return list(zip(column(path, "word"), column(path, "count"), strict=True))


def column(path: Path, name: str) -> list[Any]:
    """Return a column of an Arrow file."""
    return [value for batch in read_ipc(path) for value in batch.column(name).to_pylist()]


def names_beneath(root: Path, folder: str) -> list[str]:
    """Return every file and folder beneath a folder of the volume, by its path from there."""
    return sorted(str(path.relative_to(root / folder)) for path in (root / folder).rglob("*"))


class Ended(NamedTuple):
    """How a process ended."""

    code: int
    output: str
    errors: str
    peak: int
    """Bytes of memory that it had at most."""


PATIENCE = 300.0
"""Seconds that any worker of the tests has."""


def worker(*arguments: str, before: str = "", stdin: bytes = b"") -> Ended:
    """Run the worker's command line in a process; `before` is code that runs in it first."""
    with tempfile.NamedTemporaryFile("r", encoding="ascii") as told:
        return _ended(start_worker(*arguments, before=f"{before}\n{_TELL.format(told.name)}"), told, stdin)


_TELL = """
import atexit
atexit.register(lambda: open({!r}, "w").write(open("/proc/self/status").read()))"""
"""A process's own word for its peak: what the system tells of a child includes the peak of the parent before it."""


def _ended(process: subprocess.Popen[bytes], told: IO[str], stdin: bytes) -> Ended:
    with process:
        try:
            output, errors = process.communicate(stdin, PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    peak = next((line.split()[1] for line in told if line.startswith("VmHWM:")), "0")
    return Ended(process.returncode, output.decode(), errors.decode(), int(peak) * 1024)


def start_worker(*arguments: str, before: str = "") -> subprocess.Popen[bytes]:
    """Start the worker with pipes for its standard streams."""
    code = f"{before}\nimport sys\nfrom worker.commands import main\nsys.exit(main({list(arguments)!r}))"
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe)
