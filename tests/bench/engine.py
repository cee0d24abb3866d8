"""`make bench-engine`: the engine beside `wc -w`, Python's best and four data engines, in one run on one machine.

Every figure is a whole process, its start included, held to one core where it says so; a ratio's two sides run one
after the other, best of several; the worker starts from compiled bytecode, as in the image. Answers are checked where
there is more than one way to them. Rivals that cut inexactly are told apart: they do less. What a rival needs is
installed into an environment of the benchmark's own (`rivals.py`); a corpus is built when it is not there
(`corpora.py`).

Two shards are measured on twice the corpus, 512 MiB: the least input that is two full shards, which have 256 MiB each
unless the operator is told otherwise. What they give on the corpus itself stands beside it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.bench import corpora, rivals
from tests.bench.processes import Cost, best, least, memory_limited, run
from tests.bench.report import judge, load_thresholds, machine, table
from worker import engines

THRESHOLDS = Path(__file__).with_name("engine_thresholds.toml")
MIB = 1 << 20
RUNS = 20
"""Of each pair of Jobs: two that run at once are seldom both undisturbed on a machine that is shared."""
WORKER = [sys.executable, "-m", "worker"]
Figures = dict[str, float]


def counting(path: Path, *more: str) -> list[str]:
    """Return the command that counts a file in one go."""
    return [*WORKER, "count", "--json", *more, str(path)]


def words_per_wc(path: Path) -> list[str]:
    """Return the command of `wc -w`."""
    return ["wc", "-w", str(path)]


def plain(folder: Path, size: int) -> Figures:
    """Count both corpora on one core, beside `wc -w`."""
    found: Figures = {}
    for name in corpora.NAMES:
        path = corpora.corpus(name, size)
        ours, wc = best(counting(path), 5, one_core=True), best(words_per_wc(path), 5, one_core=True)
        found |= {
            f"{name}_mb_per_cpu_s": path.stat().st_size / 1e6 / ours.cpu,
            f"{name}_against_wc_ratio": wc.cpu / ours.cpu,
            f"{name}_against_wc_wall_ratio": wc.wall / ours.wall,
        }
    return found


def exact(folder: Path, size: int) -> Figures:
    """Count a part of both corpora beside the best exact Python, whose table must be ours."""
    found: Figures = {}
    for name in corpora.NAMES:
        path = part(corpora.corpus(name, size), folder, size // 8)
        ours, theirs = best(counting(path), 3, one_core=True), best(rivals.command("python", path), 1, one_core=True)
        mine = json.loads(ours.output)
        if rivals.answer(theirs.output) != (mine["tokens"], mine["distinctWords"]):
            raise SystemExit(f"{name}: {theirs.output!r} is not what the engine finds, {ours.output[:80]!r}")
        # The engine's own start is a larger share of a small file: its rate is that of the whole corpus.
        whole = best(counting(corpora.corpus(name, size)), 3, one_core=True)
        found[f"{name}_against_python_ratio"] = (theirs.cpu / path.stat().st_size) / (whole.cpu / size)
    return found


def inexact(folder: Path, size: int) -> Figures:
    """Count a part of the English corpus beside engines for data, which only split at spaces."""
    path = part(corpora.corpus("english", size), folder, size // 4)
    ours = best(counting(path), 3, one_core=False)
    found: Figures = {}
    for name in rivals.INEXACT:
        if not rivals.available(name):
            print(f"{name} cannot be installed here: no figure", file=sys.stderr)
            continue
        theirs = best(rivals.command(name, path), 1, one_core=False)
        found |= {f"{name}_cpu_ratio": theirs.cpu / ours.cpu, f"{name}_wall_ratio": theirs.wall / ours.wall}
    return found


def jobs(folder: Path, size: int) -> Figures:
    """Count as the two Jobs do, beside counting in one go to the same table; and in two shards on two cores."""
    path = corpora.corpus("english", size)
    once = best([*WORKER, "count", "--csv", "--top", "0", str(path)], RUNS, one_core=True)
    whole, halves = in_turn(path, folder)
    found = {
        "two_jobs_ratio": once.cpu / sum(one.cpu for one in whole),
        "two_jobs_wall_ratio": once.wall / sum(one.wall for one in whole),
        "two_shards_of_half_size_ratio": sum(one.wall for one in whole) / sum(one.wall for one in halves),
    }
    whole, halves = in_turn(corpora.corpus("english", 2 * size), folder)
    return found | {
        "two_shards_ratio": sum(one.wall for one in whole) / sum(one.wall for one in halves),
        "two_shards_tokenize_ratio": whole[0].wall / halves[0].wall,
        "two_cores_ratio": two_cores(path),
    }


def two_cores(path: Path) -> float:
    """Return what the machine itself gives: how much sooner two cores count a file twice by `wc` than one core does."""
    alone, both = [], []
    for _ in range(RUNS):
        alone.append(run(words_per_wc(path), one_core=True).wall)
        both.append(run(words_per_wc(path), words_per_wc(path), one_core=False).wall)
    return 2 * min(alone) / min(both)


def in_turn(path: Path, folder: Path) -> list[list[Cost]]:
    """Return what the two Jobs cost with one shard and with two, each at its best of several runs in turn."""
    runs: dict[int, list[tuple[Cost, Cost]]] = {1: [], 2: []}
    for _ in range(RUNS):
        for shards, those in runs.items():
            those.append(two_jobs(path, folder, shards))
    return [[least(job) for job in zip(*those, strict=True)] for those in runs.values()]


def two_jobs(path: Path, folder: Path, shards: int) -> tuple[Cost, Cost]:
    """Return what the tokenizers cost, which run side by side, and what the word count does."""
    with tempfile.TemporaryDirectory(dir=folder) as volume:
        drop = Path(volume, "drop")
        drop.mkdir()
        (drop / "text").hardlink_to(path)
        order = json.dumps({"id": "bench", "source": "path", "value": "text", "encoding": "utf-8", "errors": "replace"})
        common = ["--root", volume, "--order", order]
        pods = [
            [*WORKER, "tokenize", *common, "--out", "work/t", "--shards", str(shards), "--index", str(index)]
            for index in range(shards)
        ]
        tokenized = run(*pods, one_core=shards == 1)
        count = json.dumps({"id": "bench", "tokens": "work/t/bench", "shards": shards, "top_words": 10})
        counted = run(
            [*WORKER, "count", "--root", volume, "--out", "results/c", "--order", count], one_core=shards == 1
        )
        return tokenized, counted


def big(folder: Path, size: int) -> Figures:
    """Count 40 times the English corpus, 10 GiB, in 512 MiB."""
    corpus = corpora.corpus("english", size)
    once = best(counting(corpus), 2, one_core=True)
    path = folder / "big"
    with path.open("wb") as file:
        for _ in range(40):
            file.write(corpus.read_bytes())
    found = memory_limited(counting(path), 512 * MIB)
    path.unlink()
    expected, answer = json.loads(once.output), json.loads(found.output)
    if (answer["tokens"], answer["distinctWords"]) != (40 * expected["tokens"], expected["distinctWords"]):
        raise SystemExit(f"10 GiB were not counted exactly: {found.output[:200]}")
    return {"big_peak_mib": found.peak / MIB, "big_rate_ratio": 40 * once.cpu / found.cpu}


def vocabulary(folder: Path, size: int) -> Figures:
    """Count fifty million distinct words (or, of a small corpus, fewer) in 512 MiB."""
    words = size * 50_000_000 // corpora.SIZE
    path = folder / "distinct"
    with path.open("w", encoding="ascii") as file:
        for first in range(0, words, 100_000):
            file.write(
                " ".join(f"{number * 2654435761 % (1 << 40):x}w" for number in range(first, first + 100_000)) + "\n"
            )
    found = memory_limited(counting(path), 512 * MIB)
    answer = json.loads(found.output)
    path.unlink()
    expected = -(-words // 100_000) * 100_000
    if (answer["tokens"], answer["distinctWords"]) != (expected, expected):
        raise SystemExit(f"the distinct words were not counted exactly: {found.output[:200]}")
    return {"vocabulary_peak_mib": found.peak / MIB, "vocabulary_s": found.wall}


def start(folder: Path, size: int) -> Figures:
    """Count a file of one word."""
    path = folder / "small"
    path.write_text("word\n", "ascii")
    return {"start_s": best(counting(path), 15, one_core=True).wall}


WORKLOADS: dict[str, Callable[[Path, int], Figures]] = {
    "plain": plain,
    "exact": exact,
    "inexact": inexact,
    "jobs": jobs,
    "big": big,
    "vocabulary": vocabulary,
    "start": start,
}


def part(path: Path, folder: Path, size: int) -> Path:
    """Return a file of the first bytes of another, to the end of a line."""
    shorter = folder / f"{path.stem}-part.txt"
    with path.open("rb") as file:
        head = file.read(size)
    shorter.write_bytes(head[: head.rfind(b"\n") + 1])
    return shorter


def versions() -> Iterator[str]:
    """Yield what the figures were measured with."""
    yield machine()
    yield subprocess.run(["wc", "--version"], check=True, capture_output=True, text=True).stdout.splitlines()[0]
    yield f"engine: {engines.engine().name}, Unicode {engines.engine().unicode}"
    yield rivals.versions()


def main() -> int:
    """Run all workloads, or those that are named; return 1 where a threshold is passed."""
    parser = argparse.ArgumentParser(prog="make bench-engine", description=__doc__)
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help=f"of {', '.join(WORKLOADS)}")
    parser.add_argument("--mib", type=int, default=corpora.SIZE // MIB, help="size of the corpora (default 256)")
    options = parser.parse_args()
    if not engines.built():
        print("bench-engine needs the compiled engine: make engine")
        return 1
    figures: Figures = {}
    with tempfile.TemporaryDirectory(dir=corpora.folder()) as folder:
        for name in options.workloads or WORKLOADS:
            print(f"... {name}", file=sys.stderr, flush=True)
            figures |= {
                f"engine.{figure}": value for figure, value in WORKLOADS[name](Path(folder), options.mib * MIB).items()
            }
    print("\n".join(versions()))
    verdicts = judge(figures, load_thresholds(THRESHOLDS))
    print(table(verdicts))
    return 1 if any(one.wrong for one in verdicts) else 0


if __name__ == "__main__":
    sys.exit(main())
