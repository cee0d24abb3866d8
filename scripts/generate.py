"""`python -m scripts.generate`: write every generated file again, or with `--verify` say which was out of date.

The generators stand in pyproject.toml, each with its command and the paths that it writes; a new one needs two
lines there and nothing here. Verifying runs them all and compares what is there before and after, so it can be
run with other work uncommitted; what was out of date is left written, ready to be looked at and committed.
A generator that needs more than PyPI's packages has no place on the list: `make verify` must run anywhere.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypedDict

from checks.tree import ROOT, listed, settings


class Generator(TypedDict):
    """A command, as arguments of our Python, and the files or folders that it writes."""

    command: list[str]
    writes: list[str]


def contents(root: Path, paths: Iterable[str]) -> dict[str, bytes]:
    """Return every file at or beneath some paths."""
    found = {}
    for path in paths:
        here = root / path
        for one in sorted(here.rglob("*")) if here.is_dir() else [here]:
            if one.is_file() and "__pycache__" not in one.parts:
                found[str(one.relative_to(root))] = one.read_bytes()
    return found


def generate(root: Path, generator: Generator) -> Iterator[str]:
    """Run one generator and yield what it changed, or that it failed."""
    before = contents(root, generator["writes"])
    done = subprocess.run([sys.executable, *generator["command"]], cwd=root, check=False)
    if done.returncode:
        yield f"{' '.join(generator['command'])} ended with {done.returncode}"
        return
    after = contents(root, generator["writes"])
    if not after:
        yield f"{' '.join(generator['command'])} wrote nothing at {', '.join(generator['writes'])}"
    for path in sorted(before.keys() | after.keys()):
        if before.get(path) != after.get(path):
            yield f"{path} was not what `{' '.join(generator['command'])}` writes; it is now"


def untracked(root: Path, generators: Iterable[Generator]) -> Iterator[str]:
    """Yield generated files that git does not know, which a fresh clone would lack."""
    known = set(listed(root, others=False))
    for generator in generators:
        for path in contents(root, generator["writes"]):
            if path not in known:
                yield f"{path} is generated and not tracked: git add it"


def main(arguments: list[str], root: Path = ROOT) -> int:
    """Generate or verify."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--verify", action="store_true", help="fail where a file was out of date or is not tracked")
    options = parser.parse_args(arguments)
    generators: list[Generator] = settings(root)["tool"]["textmill"]["generators"]
    said = [line for generator in generators for line in generate(root, generator)]
    failed = [line for line in said if " ended with " in line or " wrote nothing at " in line]
    if options.verify:
        failed = [*said, *untracked(root, generators)]
    for line in dict.fromkeys([*said, *failed]):
        print(line)
    print(f"{len(generators)} generators ran, {len(failed)} problems")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
