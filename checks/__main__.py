"""`python -m checks`: every check that runs no test, a line for each, and what to mend at the end.

`make lint` calls it. All checks run even if the first one fails, so that one look shows everything. It writes
nothing but to standard output; `make format` is what changes files.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from checks import links, locks, naming, places, purity, silences, sizes, tools, tree, waiting
from checks.problem import Problem

Check = Callable[[dict[str, str], dict[str, Any]], Iterable[Problem]]


def python(files: dict[str, str], folder: str = "") -> dict[str, str]:
    """Return the Python files beneath a folder."""
    return {path: text for path, text in files.items() if path.endswith(".py") and path.startswith(folder)}


def each(check: Callable[[str, str], Iterator[Problem]], files: dict[str, str]) -> Iterator[Problem]:
    """Run a check of one file on several."""
    return (problem for path, text in files.items() for problem in check(path, text))


def pure(files: dict[str, str], settings: dict[str, Any]) -> Iterator[Problem]:
    """Check that the domain touches nothing."""
    libraries = settings["purity"]["libraries"]
    return each(lambda path, text: purity.check(path, text, libraries), python(files, "textmill/"))


CHECKS: dict[str, Check] = {
    "sizes": lambda files, settings: sizes.check(python(files), settings["sizes"]),
    "names and docstrings": lambda files, _: each(naming.check, python(files)),
    "a pure domain": pure,
    "reasons for silence": lambda files, _: each(silences.check, python(files)),
    "no sleeping tests": lambda files, _: each(waiting.check, python(files, "tests/")),
    "no place of one machine": lambda files, _: each(places.check, files),
    "links": lambda files, _: links.check({p: t for p, t in files.items() if p.endswith(".md")}, files),
    "locks": lambda files, _: locks.check({p: t for p, t in files.items() if p.startswith("requirements")}),
}


def run(name: str, check: Check, files: dict[str, str], settings: dict[str, Any]) -> tools.Outcome:
    """Run one check of ours."""
    started = time.monotonic()
    problems = sorted(check(files, settings))
    return tools.Outcome(name, time.monotonic() - started, "\n".join(map(str, problems)))


def main(root: Path = tree.ROOT, programs: Mapping[str, tuple[str, ...]] = tools.TOOLS) -> int:
    """Run everything; the exit code is the number that failed."""
    files = tree.texts(root)
    settings = tree.settings(root)["tool"]["textmill"]
    outcomes = [run(name, check, files, settings) for name, check in CHECKS.items()] + tools.run_all(root, programs)
    for one in outcomes:
        print(f"{'FAIL' if one.complaint else 'ok':4}  {one.name:26} {one.seconds:5.1f} s")
    failed = [one for one in outcomes if one.complaint]
    for one in failed:
        print(f"\n{one.name}:\n{one.complaint}")
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
