"""`python -m tests.bench.corpora`: the texts that the engine's benchmark counts, built from Debian's packages.

A corpus is 256 MiB of real text: the English or the mixed scripts of the packages in corpora.toml, markup taken out;
one of another size begins with the same bytes. It is kept outside git, in $TEXTMILL_CORPORA or the user's cache, and
made anew when this module or its list changes. The packages are fetched by `apt-get download` and unpacked by `dpkg-
deb`, never installed; so this needs a Debian, and no root. Files take turns between the packages, so that no part of
a corpus is of one language alone; once all of those are used up, between those that are listed as more.
"""

from __future__ import annotations

import gzip
import hashlib
import html
import os
import re
import subprocess
import sys
import tomllib
import zlib
from collections.abc import Iterable, Iterator
from itertools import chain, zip_longest
from pathlib import Path

LIST = Path(__file__).with_name("corpora.toml")
SIZE = 256 << 20
NAMES = ("english", "mixed")
_MARKUP = re.compile(r"<(script|style)\b.*?</\1\s*>|<!--.*?-->|<[^>]*>", re.DOTALL | re.IGNORECASE)
_BLANK = re.compile(r"[ \t]*\n\s*")
_READABLE = (".html", ".htm", ".xhtml", ".page", ".txt", ".rst", ".pod", ".dict", ".index", ".xml", ".md")
_MANUAL = re.compile(r"/man/.*\.\d\w*$|/bible")


def folder() -> Path:
    """Return where corpora and packages are kept."""
    asked = os.environ.get("TEXTMILL_CORPORA")
    return Path(asked) if asked else Path.home() / ".cache" / "textmill" / "corpora"


def corpus(name: str, size: int = SIZE) -> Path:
    """Return the file of a corpus; build it if it is not there."""
    listed = tomllib.loads(LIST.read_text("utf-8"))[name]
    packages, more = listed["packages"], listed.get("more", [])
    key = hashlib.sha256(" ".join([*packages, *more]).encode() + Path(__file__).read_bytes()).hexdigest()[:12]
    target = folder() / f"{name}-{size >> 20}-{key}.txt"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        _build(target, chain(_in_turns(packages), _in_turns(more)), size)
    return target


def _in_turns(packages: Iterable[str]) -> Iterator[bytes]:
    return filter(None, chain.from_iterable(zip_longest(*map(texts, packages))))


def _build(target: Path, found: Iterator[bytes], size: int) -> None:
    unfinished = target.with_suffix(f".{os.getpid()}")
    with unfinished.open("wb") as file:
        for text in found:
            rest = size - file.tell()
            file.write(text[:rest] if len(text) <= rest else text[: text.rfind(b"\n", 0, rest) + 1])
            if len(text) >= rest:
                file.write(b"\n" * (size - file.tell()))
                break
        written = file.tell()
    if written < size:
        raise SystemExit(
            f"{target.name}: the packages hold {written:,} bytes of text, {size:,} are needed; add packages"
        )
    unfinished.rename(target)


def texts(package: str) -> Iterator[bytes]:
    """Yield the texts of a package, in a fixed order; nothing if Debian does not have it."""
    unpacked = folder() / "packages" / package
    if not unpacked.exists() and not _fetch(package, unpacked):
        return
    for path in sorted(unpacked.rglob("*")):
        if path.is_file() and not path.is_symlink() and (text := _text(path)):
            yield text


def _fetch(package: str, unpacked: Path) -> bool:
    downloads = folder() / "downloads"
    downloads.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["apt-get", "download", "-q", package], cwd=downloads, check=False, capture_output=True)
    files = sorted(downloads.glob(f"{package}_*.deb"))
    if done.returncode or not files:
        sys.stderr.write(f"no package {package} here: {done.stderr.decode(errors='replace').strip()[-200:]}\n")
        return False
    partial = unpacked.with_name(f".{package}")
    partial.mkdir(parents=True, exist_ok=True)
    subprocess.run(["dpkg-deb", "-x", str(files[-1]), str(partial)], check=True)
    partial.rename(unpacked)
    files[-1].unlink()
    return True


def _text(path: Path) -> bytes:
    """Return what a person would read in this file, or nothing where it is no text."""
    content = path.read_bytes()
    name = str(path)
    if name.endswith((".gz", ".dz")):
        try:
            content, name = gzip.decompress(content), name[:-3]
        except (OSError, EOFError, zlib.error):
            return b""
    if not (name.endswith(_READABLE) or _MANUAL.search(name)):
        return b""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return b""
    if name.endswith((".html", ".htm", ".xhtml", ".page", ".xml")):
        text = html.unescape(_MARKUP.sub(" ", text)).encode(errors="replace").decode()
    return (_BLANK.sub("\n", text) + "\n").encode()


if __name__ == "__main__":
    for one in sys.argv[1:] or NAMES:
        print(corpus(one))
