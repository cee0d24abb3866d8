"""A link in a Markdown page leads somewhere: to a file that is there, to a heading that is there.

Pages move and headings change; a reader should not be the one who finds out. Links to other sites are not
followed: a check must not need the network. Code, in fences or between backticks, holds no links. Anchors are
made from headings in GitHub's way.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from posixpath import dirname, join, normpath
from urllib.parse import unquote

from checks.problem import Problem

LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\[\]]*\])*\]\(\s*<?([^\s()<>]+(?:\([^\s()]*\))?)>?(?:\s+\"[^\"]*\")?\s*\)")
REFERENCE = re.compile(r"^ {0,3}\[[^\]]+\]:\s+<?(\S+?)>?\s*$")
HEADING = re.compile(r"^ {0,3}#{1,6}\s+(.*?)\s*#*$")
EXPLICIT = re.compile(r"<a\s+(?:id|name)=\"([^\"]+)\"")
FENCE = re.compile(r"^ {0,3}(```+|~~~+)")
CODE = re.compile(r"(`+)(?:.*?)\1")


def prose(text: str) -> Iterator[tuple[int, str]]:
    """Yield the numbered lines of a page that are not in a fence."""
    fence = ""
    for number, line in enumerate(text.splitlines(), 1):
        found = FENCE.match(line)
        if fence:
            fence = "" if found and found[1].startswith(fence) else fence
        elif found:
            fence = found[1]
        else:
            yield number, line


def anchor(heading: str) -> str:
    """Return the anchor that GitHub gives to a heading."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").replace("*", "")
    return re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")


def anchors(text: str) -> set[str]:
    """Return every anchor of a page; a heading that recurs gets a number."""
    found: set[str] = set()
    seen: Counter[str] = Counter()
    for _, line in prose(text):
        found.update(EXPLICIT.findall(line))
        heading = HEADING.match(line)
        if heading:
            name = anchor(heading[1])
            found.add(f"{name}-{seen[name]}" if seen[name] else name)
            seen[name] += 1
    return found


def check(pages: Mapping[str, str], paths: Collection[str]) -> Iterator[Problem]:
    """Find links to files and headings that are not there; pages are the Markdown ones among the paths."""
    folders = {folder for path in paths for folder in parents(path)}
    for page, text in pages.items():
        for number, line in prose(text):
            bare = CODE.sub("", line)
            for target in [*LINK.findall(bare), *REFERENCE.findall(bare)]:
                problem = judge(page, target, pages, {*paths, *folders})
                if problem:
                    yield Problem(page, number, problem)


def parents(path: str) -> Iterator[str]:
    """Yield every folder above a path, the root as a dot."""
    while path:
        path = dirname(path)
        yield path or "."


def judge(page: str, target: str, pages: Mapping[str, str], known: Collection[str]) -> str:
    """Say what is wrong with one link, or nothing."""
    if re.match(r"[a-z][a-z0-9+.-]*:|//", target, re.IGNORECASE):
        return ""
    name, _, fragment = target.partition("#")
    path = normpath(join(dirname(page), unquote(name))) if name else page
    if path not in known:
        return f"the link to {target} leads nowhere"
    if fragment and path in pages and fragment not in anchors(pages[path]):
        return f"the link to {target} names no heading of {path}"
    return ""
