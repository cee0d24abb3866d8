"""Several processes that count portions side by side, for the counter that runs without a cluster.

Each is `python -m worker.crew`: it gets its portions as JSON on standard input and tells on standard output, a line
of JSON each time, how far it came, and at the end in which files its words lie, sorted. Pipes are all that ties it to
its parent, so one whose parent was killed ends at its next line. Ctrl-C reaches the whole group of processes: the
parent alone answers it, and ends the others.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import IO, Any

from worker import arrow
from worker.engines import Part, engine
from worker.portions import Counts, Moved, Order, Portion, PortionFailed
from worker.settings import INTERPRETER, Settings, cores
from worker.totals import Totals

_PROGRAM = Path(__file__).resolve().parents[1]


def counted(shares: Sequence[Sequence[Portion]], order: Order, folder: Path, moved: Moved) -> Iterator[Part]:
    """Count each share in a process of its own and yield the table of all; PortionFailed if one cannot be counted."""
    within = order._replace(memory=(order.memory - INTERPRETER) // len(shares))  # this process waits meanwhile
    members: list[_Member] = []
    try:
        for number, share in enumerate(shares):
            members.append(_Member(folder / f"member-{number}", share, within))
        with ThreadPoolExecutor(len(members)) as pool:
            try:
                results = [pool.submit(member.result, moved) for member in members]
                wait(results, return_when=FIRST_EXCEPTION)
                runs = [run for one in sorted(results, key=Future.done, reverse=True) for run in one.result()]
            finally:
                for member in members:
                    member.kill()  # so that no thread waits for a line of theirs
    finally:
        for member in members:
            member.close()
    return _merged(runs, order, folder)


def _merged(runs: Sequence[Path], order: Order, folder: Path) -> Iterator[Part]:
    bound = Settings(folder, "", "", order.memory).vocabulary_memory
    totals = Totals(folder, bound, engine(), cores())
    for run in runs:
        with run.open("rb") as file:
            for words, counts in arrow.read(file, arrow.WORD, arrow.COUNT):
                totals.add(words, counts)
        run.unlink()
    return totals.rows()


class _Member:
    """One of the processes, as its parent sees it."""

    def __init__(self, folder: Path, share: Sequence[Portion], order: Order) -> None:
        folder.mkdir()
        self._log = folder / "log"
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(_PROGRAM), *_given_paths()])}
        with self._log.open("xb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "worker.crew"],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        told = {"folder": str(folder), "order": order.plain(), "share": share}
        _pipe(self._process.stdin).write(json.dumps(told).encode())
        _pipe(self._process.stdin).close()

    def result(self, moved: Moved) -> list[Path]:
        """Read what the process tells, to its end, and return the files of its words."""
        for line in _pipe(self._process.stdout):
            told = json.loads(line)
            if isinstance(told, int):
                moved(told)
            elif "failed" in told:
                raise PortionFailed(told["failed"], told["why"])
            else:
                return [Path(path) for path in told["runs"]]
        code = self._process.wait()
        sys.stderr.write(self._log.read_text("utf-8", "replace"))
        raise PortionFailed("a process that counts", f"it ended by itself ({code})")

    def kill(self) -> None:
        """End the process now."""
        self._process.kill()

    def close(self) -> None:
        """End the process, which has nothing more to tell, and wait for that."""
        self._process.kill()
        _pipe(self._process.stdout).close()
        self._process.wait()


def _given_paths() -> list[str]:
    return [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None  # noqa: S101 - made with pipes
    return stream


def main() -> int:
    """Count one share, as a member of a crew; the exit code."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asked: dict[str, Any] = json.load(sys.stdin)
    counts = Counts(Path(asked["folder"]), Order.parse(asked["order"]), threads=1)
    try:
        for portion in asked["share"]:
            counts.add(Portion(*portion), _tell)
        _tell({"runs": [str(path) for path in counts.runs()]})
    except PortionFailed as error:
        _tell({"failed": error.name, "why": error.why})
    except BrokenPipeError:
        os._exit(1)  # the parent is gone, and nobody reads what is left to say
    return 0


def _tell(told: int | dict[str, Any]) -> None:
    sys.stdout.write(f"{json.dumps(told)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
