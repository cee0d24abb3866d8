"""Inputs made to break a memory bound: one line, one word, a million words, a file that is larger than the memory.

Each runs in a process whose data the kernel bounds, so what would take more fails at once and not only on
a small machine; the peak of what was really used is held against the bound as well. Counts are known by construction.
"""

from __future__ import annotations

import hashlib
import json
import random
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.worker.runs import NOTICE, ROOT, TABLE, TOKENS, UID, drop, worker
from textmill import layout, reports
from textmill.orders import CountOrder, TokenizeOrder
from worker import engines
from worker.table import shown

MIB = 1 << 20
BOUND = 512 * MIB
LIMITED = "import resource; resource.setrlimit(resource.RLIMIT_DATA, ({0}, {0}))"


def put(root: Path, blocks: Iterable[bytes]) -> int:
    """Write a file beneath drop/ block by block and return its size."""
    drop(root, b"")
    size = 0
    with (root / "drop" / "text.txt").open("wb") as file:
        for block in blocks:
            size += file.write(block)
    return size


def run(root: Path, command: str, out: str, order: TokenizeOrder | CountOrder, bound: int = BOUND) -> reports.Report:
    """Run one command within a bound and return its report."""
    arguments = [command, "--root", str(root), "--out", out, "--termination-log", str(root / "log")]
    ended = worker(*arguments, "--memory", str(bound), "--order", order.text(), before=LIMITED.format(bound))
    assert (ended.code, ended.errors) == (0, NOTICE)
    assert ended.peak <= bound
    (report,) = reports.unseal((root / "log").read_text("utf-8"), ended.output)
    return report


def both(root: Path) -> dict[str, Any]:
    """Tokenize and count the file within BOUND and return the result."""
    report = run(root, "tokenize", layout.job_tokens("tok-job"), TokenizeOrder(UID, "path", "text.txt"))
    assert report["outcome"] == "done", report
    report = run(root, "count", layout.job_results("count-job"), CountOrder(UID, TOKENS, top_words=3))
    assert report["outcome"] == "done", report
    result: dict[str, Any] = report["result"]
    return result


def totals(result: dict[str, Any]) -> tuple[int, int, int]:
    """Return a result's three totals."""
    return result["bytes"], result["tokens"], result["distinctWords"]


def test_line_of_100_mb_is_counted_exactly(tmp_path: Path) -> None:
    words = [f"{name}{'x' * 60}" for name in ("alpha", "beta", "gamma")]
    block = "".join(f"{word}," for word in words).encode() * 1000
    size = put(tmp_path, [block] * 512)
    result = both(tmp_path)
    assert size > 100_000_000
    assert totals(result) == (size, 3 * 512_000, 3)
    assert result["topWords"] == [{"word": shown(word), "count": 512_000} for word in words]


def test_word_of_100_mb_is_one_word(tmp_path: Path) -> None:
    size = put(tmp_path, [b"aB" * 500_000] * 100 + [b" aB\n"])
    assert totals(both(tmp_path)) == (size, 2, 2)
    sha = hashlib.sha256(b"word,count\nab,1\n")
    for _ in range(100):
        sha.update(b"ab" * 500_000)
    sha.update(b",1\n")
    manifest = json.loads((tmp_path / TABLE / layout.MANIFEST).read_text())
    assert manifest["files"][layout.TABLE_CSV] == {"bytes": 16 + 100_000_000 + 3, "sha256": sha.hexdigest()}


def test_words_of_a_fifth_of_the_memory_are_counted_one_beside_the_other(tmp_path: Path) -> None:
    letters = bytes(b"abcdefghijklmnopqrstuvwxyz012345"[number % 32] for number in range(256))
    chance = random.Random(1)
    blocks = (chance.randbytes(MIB).translate(letters) for _ in range(45 * 2))  # which no compression makes small
    size = put(tmp_path, (block + b" " * (number % 45 == 44) for number, block in enumerate(blocks)))
    report = run(tmp_path, "tokenize", layout.job_tokens("tok-job"), TokenizeOrder(UID, "path", "text.txt"), 256 * MIB)
    assert (report["outcome"], report["tokens"]) == ("done", 2)
    manifest = json.loads((tmp_path / TOKENS / "shard-00000" / layout.MANIFEST).read_text())
    assert [section["words"] for section in manifest["sections"]] == [1, 1]
    if engines.built():  # the reference has a copy more of each
        report = run(tmp_path, "count", layout.job_results("count-job"), CountOrder(UID, TOKENS), 256 * MIB)
        assert totals(report["result"]) == (size, 2, 2)


def test_word_that_cannot_fit_fails_by_itself_and_says_so(tmp_path: Path) -> None:
    put(tmp_path, [b"x" * MIB] * 130)
    order = TokenizeOrder(UID, "path", "text.txt")
    report = run(tmp_path, "tokenize", layout.job_tokens("tok-job"), order)
    assert (report["outcome"], report["reason"]) == ("failed", "OOMKilled")
    assert "does not fit into the worker's memory" in report["message"]


def test_million_distinct_words_are_counted_exactly(tmp_path: Path) -> None:
    once = (b"".join(b"w%07d " % number for number in range(start, start + 10_000)) for start in range(0, 10**6, 10**4))
    size = put(tmp_path, [*once, b"w0000007\n"])
    result = both(tmp_path)
    assert totals(result) == (size, 1_000_001, 1_000_000)
    assert result["topWords"][:2] == [{"word": "w0000007", "count": 2}, {"word": "w0000000", "count": 1}]
    with (tmp_path / TABLE / layout.TABLE_CSV).open() as table:
        assert sum(1 for _ in table) == 1_000_001


MANY_RUNS = """
import sys
from pathlib import Path
from arro3.core import Array, DataType
from worker.engines import engine
from worker.settings import Settings
from worker.totals import Totals
folder, memory, size, rows, runs = Path(sys.argv[1]), *map(int, sys.argv[2:])
totals = Totals(folder, Settings(folder, "", "", memory).vocabulary_memory, engine())
ones = Array([1] * rows, DataType.uint64())
for run in range(runs):
    words = [f"{run:02}-{number:05}".ljust(size, "x") for number in range(rows)]
    totals.put_aside([(Array(words, DataType.utf8()), ones)])
print(sum(len(counts) for _, counts in totals.rows()))
"""


@pytest.mark.parametrize(("size", "rows", "runs"), [(1 << 10, 8_000, 64), (8_000_000, 1, 40)])
def test_runs_of_long_words_are_merged_within_the_bound(tmp_path: Path, size: int, rows: int, runs: int) -> None:
    numbers = [str(number) for number in (BOUND, size, rows, runs)]
    command = [sys.executable, "-c", f"{LIMITED.format(BOUND)}\n{MANY_RUNS}", str(tmp_path), *numbers]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ended.stdout, ended.returncode) == (f"{rows * runs}\n", 0), ended.stderr[-500:]
    assert list(tmp_path.iterdir()) == []


def test_file_of_more_bytes_than_the_memory_is_counted_exactly(tmp_path: Path) -> None:
    memory = 96 * MIB
    block = b"".join(b"line %d of many, many lines\n" % (number % 1000) for number in range(40_000))
    size = put(tmp_path, [block] * 90)
    order = TokenizeOrder(UID, "path", "text.txt")
    arguments = ["--root", str(tmp_path), "--out", layout.job_tokens("tok-job"), "--memory", str(memory)]
    ended = worker("tokenize", *arguments, "--order", order.text())
    *_, line = ended.output.splitlines()  # before it, how far it came
    assert json.loads(line.removeprefix(reports.PREFIX))["tokens"] == 6 * 40_000 * 90
    assert size > memory
    assert ended.peak <= memory
