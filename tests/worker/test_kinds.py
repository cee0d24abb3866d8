"""What a content's first bytes say: pages of HTML, the encodings that they name, and what only looks like them."""

from __future__ import annotations

import sys

import pytest

from worker.documents import kinds

COMMENTS = "<!-- " + "x" * 1995 + " -->"


@pytest.mark.parametrize(
    "text",
    [
        "<html>",
        "<HTML lang=en>",
        "\ufeff \n<!DOCTYPE\n\tHTML>",
        "<?xml version='1.0' encoding='utf-8'?>\n<!DOCTYPE html>",
        "<?XML?><html\u2003>",
        f"{COMMENTS}<!-- a --><!----> <html>",
        "<!---->" * 8 + "<!doctype html",
    ],
)
def test_page_is_told_by_its_beginning(text: str) -> None:
    assert kinds.is_html(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "html",
        "<htmlx>",
        "<html",
        "<!doctypehtml>",
        "<!doctype xml>",
        "<?xml version='1.0'>" + "<html>",
        "<?xml " + "x" * 200 + "?><html>",
        "<?xml>?><html>",
        "<!-->--<html>",
        f"<!-- 1234{COMMENTS[4:]}<html>",
        "<!---->" * 9 + "<html>",
        "<!-- a --> b --><html>",
        " " * 8192 + "<html>",
    ],
)
def test_other_text_is_no_page(text: str) -> None:
    assert not kinds.is_html(text)


@pytest.mark.parametrize(
    ("tags", "name"),
    [
        ("<meta charset=utf-8>", "utf-8"),
        ("<META http-equiv=x content='a; charSet = \"KOI8-R\"'>", "KOI8-R"),
        ("<meta name=charset><meta charset=' latin-1'>", "latin-1"),
        ("<meta charset charset=ascii", "ascii"),
        ("<meta " + "x" * 199 + "charset=ascii", "ascii"),
        ("<meta " + "x" * 200 + "charset=ascii", None),
        ("<metacharset=ascii>", None),
        ("<meta x>charset=ascii", None),
        ("<meta charset==ascii>", None),
    ],
)
def test_page_names_its_encoding(tags: str, name: str | None) -> None:
    assert kinds.declared_encoding(f"<html>{tags}".encode()) == name
    assert kinds.declared_encoding(tags.encode()) is None


@pytest.mark.parametrize(
    "piece", ["<!---->", "<!--", "<?xml", " ", "<meta", "<meta charset", "<!-- ", "<meta charset= "]
)
def test_steps_grow_as_the_content_does(piece: str) -> None:
    counted = [
        steps(("<html>" * ("meta" in piece) + piece * (size // len(piece))).encode()) for size in (2000, 4000, 8000)
    ]
    assert counted[1] < 2 * counted[0] + 50
    assert counted[2] < 2 * counted[1] + 50


def steps(content: bytes) -> int:
    """Count the lines of Python that looking at a content takes; there is no pattern in them that could go back."""
    counted = 0

    def trace(_frame: object, event: str, _argument: object) -> object:
        nonlocal counted
        counted += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)  # type: ignore[arg-type]  # a function that returns itself has no type
    try:
        kinds.is_html(content.decode("latin-1"))
        kinds.declared_encoding(content)
    finally:
        sys.settrace(before)
    return counted
