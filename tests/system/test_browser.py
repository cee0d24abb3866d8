"""The page as Chromium shows it: its script runs, its policy holds, and it fits a phone."""

from __future__ import annotations

import re
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.stack import Stack, stack

# The background services of the browser are switched off: the test talks to loopback alone.
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--enable-logging=stderr",
    "--hide-scrollbars",
)


@pytest.fixture(scope="module")
def running() -> Iterator[Stack]:
    """Run a stack that has counted one text."""
    with stack() as one:
        status, answer = one.call(
            "POST", "/upload?name=seen", b"the mill and the word", **{"Content-Type": "text/plain"}
        )
        assert status == 202, answer
        one.wait("seen")
        yield one


def browse(running: Stack, path: str, profile: Path, *flags: str) -> tuple[str, str]:
    """Load a page; return the document after its script ran, and what the browser logged."""
    address = f"http://127.0.0.1:{running.port}{path}"
    command = ["chromium", *FLAGS, f"--user-data-dir={profile}", "--virtual-time-budget=3000", *flags, address]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout, done.stderr


def test_home_page_lists_the_request_without_a_console_error(running: Stack, tmp_path: Path) -> None:
    document, log = browse(running, "/", tmp_path, "--dump-dom")
    assert 'href="/view/seen"' in document
    assert "CONSOLE" not in log


def test_result_page_shows_totals_and_the_top_words(running: Stack, tmp_path: Path) -> None:
    document, log = browse(running, "/view/seen", tmp_path, "--dump-dom")
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", document))
    assert "Succeeded" in text
    assert re.search(r"\bthe\b.* 2 ", text)
    assert "CONSOLE" not in log


@pytest.mark.parametrize("size", ["360,800", "1280,900"], ids=["phone", "desk"])
def test_screenshot_has_the_size_that_was_asked_for(running: Stack, tmp_path: Path, size: str) -> None:
    picture = tmp_path / "page.png"
    browse(running, "/view/seen", tmp_path / "profile", f"--window-size={size}", f"--screenshot={picture}")
    content = picture.read_bytes()
    width, height = struct.unpack(">II", content[16:24])
    assert content.startswith(b"\x89PNG")
    assert (width, height) == tuple(map(int, size.split(",")))
    assert len(content) > 5_000, "an empty page"
