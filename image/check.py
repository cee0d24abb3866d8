"""`python -m image check URL`: whether an installation counts right, asked from outside as a person would.

It uploads a text whose words are known, waits for the result and compares every figure; then it deletes the request.
`helm test` runs it in a pod, where it says which engine the image brings, too. The text is different each time, since a
known result would be used again without any Job, and a check that starts no Job proves little.
"""

from __future__ import annotations

import argparse
import json
import secrets
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

PAUSE_SECONDS = 0.5
CALL_SECONDS = 10.0
TRIES = 3


class CheckFailed(Exception):
    """The installation does not do what it should; the message says where."""


def call(method: str, url: str, token: str = "", body: bytes | None = None) -> dict[str, Any]:
    """Return one answer's JSON; CheckFailed with the answer's own words otherwise."""
    request = urllib.request.Request(url, data=body, method=method)  # noqa: S310 - main() refuses other schemes
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=CALL_SECONDS) as answer:  # noqa: S310 - main() refuses other schemes
            content = answer.read()
    except urllib.error.HTTPError as error:
        raise CheckFailed(f"{method} {url}: {error.code} {error.read(1000).decode('utf-8', 'replace')}") from error
    except OSError as error:
        raise CheckFailed(f"{method} {url}: {error}") from error
    found = json.loads(content or b"{}")
    if not isinstance(found, dict):
        raise CheckFailed(f"{method} {url}: the answer is no object")
    return found


def text(word: str) -> bytes:
    """Return a text of 18 words, 4 of them distinct."""
    return f"Alpha beta, {word}! alpha BETA - don't.\n".encode() * 3


def expected(word: str) -> dict[str, Any]:
    """Return what counting that text must give."""
    words = sorted({"alpha": 6, "beta": 6, word: 3, "don't": 3}.items(), key=lambda one: (-one[1], one[0]))
    return {
        "bytes": len(text(word)),
        "tokens": 18,
        "distinctWords": 4,
        "topWords": [{"word": one, "count": count} for one, count in words],
    }


def check(url: str, token: str, seconds: float, tell: Callable[[str], None]) -> None:
    """Upload, wait, compare, delete."""
    word = f"w{secrets.token_hex(8)}"
    deadline = time.monotonic() + seconds
    name = call("POST", f"{url}/upload?filename=check.txt&retries=1", token, text(word))["name"]
    tell(f"uploaded as {name}")
    try:
        result = _wait(f"{url}/requests/{name}", token, deadline)
        found = {field: result.get(field) for field in expected(word)}
        if found != expected(word):
            raise CheckFailed(f"counted {found}, expected {expected(word)}")
        tell(f"counted right: {found['tokens']} words, {found['distinctWords']} distinct")
    finally:
        _tidy(f"{url}/requests/{name}", token, tell)


def _tidy(url: str, token: str, tell: Callable[[str], None]) -> None:
    try:
        call("DELETE", url, token)
    except CheckFailed as error:
        tell(f"the request is left behind: {error}")


def _wait(url: str, token: str, deadline: float) -> dict[str, Any]:
    failures = 0
    while True:
        try:
            request = call("GET", url, token)
        except CheckFailed:
            failures += 1
            if failures >= TRIES:
                raise
            request = {}
        if request.get("phase") == "Succeeded":
            return dict(request["result"])
        if request.get("phase") == "Failed":
            raise CheckFailed(f"the request has failed: {json.dumps(request.get('conditions'))}")
        if time.monotonic() > deadline:
            raise CheckFailed(f"no result in time; the request says {json.dumps(request)}")
        time.sleep(PAUSE_SECONDS)


def _engine() -> str:
    command = [sys.executable, "-m", "image", "engine"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    return done.stdout.strip() or "none"


def main(arguments: Sequence[str]) -> int:
    """Check once; 0 where all is well."""
    parser = argparse.ArgumentParser(prog="check", description="Send a text to Textmill and check its count.")
    parser.add_argument("url", help="address of the HTTP interface, such as http://textmill-api")
    parser.add_argument("--token-file", type=Path, help="file of the bearer token to send, where one is asked for")
    parser.add_argument("--seconds", type=float, default=120, help="how long to wait for the result (default: 120)")
    asked = parser.parse_args(arguments)
    if not asked.url.startswith(("http://", "https://")):
        parser.error(f"{asked.url!r} is no http:// or https:// address")
    try:
        token = asked.token_file.read_text("ascii").strip() if asked.token_file else ""
    except (OSError, UnicodeDecodeError) as error:
        parser.error(f"no token can be read: {error}")
    print(f"engine of this image: {_engine()}", flush=True)
    try:
        check(asked.url.rstrip("/"), token, asked.seconds, lambda line: print(line, flush=True))
    except CheckFailed as error:
        print(f"check failed: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
