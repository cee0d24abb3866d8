"""Reads a page as a browser's tree would hold it: enough of it to ask what is shown and where things lead."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

from werkzeug.test import TestResponse

from app.guard import HEADERS

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
VOID = {"meta", "link", "input", "img", "br", "option", "rect", "path"}


@dataclass
class Page(HTMLParser):
    """Every element with its attributes and the text of the page; `unclosed` must end empty."""

    elements: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    unclosed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.unclosed.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element that closes itself."""
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost element."""
        if tag not in VOID:
            assert self.unclosed.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.texts.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of all elements of this kind."""
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self) -> str:
        """Return the page's text with white space in single spaces."""
        return " ".join(" ".join(self.texts).split())


def read(response: TestResponse, status: int = 200) -> Page:
    """Assert what holds for every page, and return it: closed, labelled, nothing inline, nothing from elsewhere."""
    assert response.status_code == status, response.get_data(as_text=True)
    assert response.mimetype == "text/html"
    for name, value in HEADERS.items():
        assert response.headers[name] == value
    page = Page()
    page.feed(response.get_data(as_text=True))
    page.close()
    assert page.unclosed == []
    assert page.all("html")[0]["lang"] == "en"
    assert len(page.all("main")) == len(page.all("h1")) == 1
    named = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(named) == len(set(named))
    assert page.all("style") == []
    for tag, attributes in page.elements:
        assert "style" not in attributes
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "href", "action"):
            assert (attributes.get(name) or "/").startswith(("/", "#"))
        assert tag != "script" or attributes.get("src")
        assert tag != "img" or "alt" in attributes
    labels = {attributes.get("for") for attributes in page.all("label")}
    for tag in ("input", "select", "progress"):  # one without an id stands in a template, whose copies the script names
        assert {attributes["id"] for attributes in page.all(tag) if "id" in attributes} <= labels
    return page


def listed(page: Page) -> list[str]:
    """Return the names of the requests in a page's list."""
    rows = [attributes["data-name"] for attributes in page.all("tr") if "data-name" in attributes]
    return [name or "" for name in rows]
