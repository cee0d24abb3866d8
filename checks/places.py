"""No file names a place that exists on one machine only: a path of somebody's disk, the host of a registry.

Such a place works for whoever wrote it and for nobody else. Locks name packages and hashes; which index
serves them is each machine's own setting. The words are put together here so that this file passes itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from checks.problem import Problem

HOME = r"(?<![\w.$}{*)\]-])/(?:root|work|farm|home/\w+|Users/\w+)(?=/|\b)(?!\w)"
REGISTRY = "|".join(
    host.replace(".", r"\.")
    for host in (
        "pypi" + ".org",
        "files.python" + "hosted.org",
        "registry.npm" + "js.org",
        "static.crates" + ".io",
        "proxy.go" + "lang.org",
        "repo1.maven" + ".org",
        "deb.debian" + ".org",
    )
)
OPTIONS = r"^\s*--(?:(?:extra-)?index-url|find-links|trusted-host)"
KINDS = (
    (re.compile(HOME), "a path of one machine"),
    (re.compile(REGISTRY), "the host of a package registry"),
    (re.compile(OPTIONS), "an index option, which is a machine's own setting"),
)


def check(path: str, text: str) -> Iterator[Problem]:
    """Find places of one machine in any text file."""
    for number, line in enumerate(text.splitlines(), 1):
        for pattern, what in KINDS:
            found = pattern.search(line)
            if found:
                yield Problem(path, number, f"{found[0]!r} is {what}")
