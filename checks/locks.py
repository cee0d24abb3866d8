"""Each lock answers its `.in` file: every requirement is there, in a version that fits, with hashes.

`make lock` needs the network; this does not, so it can run with every lint. It finds the requirement that was
added and never locked, and the bound that was raised past the lock. That the lock holds what its own packages
need is the installer's to find.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from checks.problem import Problem

PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(?P<version>[^\s;]+)", re.MULTILINE)


def wanted(name: str, files: Mapping[str, str]) -> Iterator[tuple[int, Requirement]]:
    """Yield the requirements of an `.in` file and of those that it includes, with the lines they stand on."""
    for number, line in enumerate(files[name].splitlines(), 1):
        entry = line.partition("#")[0].strip()
        if entry.startswith("-r "):
            yield from ((number, one) for _, one in wanted(entry.removeprefix("-r ").strip(), files))
        elif entry:
            yield number, Requirement(entry)


def check(files: Mapping[str, str]) -> Iterator[Problem]:
    """Find what the locks lack; files are all that begin with `requirements`."""
    for name in files:
        if not name.endswith(".in"):
            continue
        lock = files.get(name.removesuffix(".in") + ".txt", "")
        pins = {canonicalize_name(found["name"]): found["version"] for found in PIN.finditer(lock)}
        for number, requirement in wanted(name, files):
            version = pins.get(canonicalize_name(requirement.name))
            if version is None or not requirement.specifier.contains(version, prereleases=True):
                yield Problem(name, number, f"{requirement} is locked as {version or 'nothing'}: run make lock")
        if lock.count("==") > lock.count("--hash="):
            yield Problem(name.removesuffix(".in") + ".txt", 1, "a pin has no hash: run make lock")
