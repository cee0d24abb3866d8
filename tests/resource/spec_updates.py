"""Every field of the spec, added, changed and removed on an existing request, and what the API server says to it.

Each row has a spec without the field, one with it and another with another value; absent and present differ in nothing
else. For a field with a default, "without" means that the default applies.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

from tests.resource.definition import Json

INPUT = "the input is fixed once the request is made: create a new request for another text"
ENCODING = "the encoding is fixed once the request is made: create a new request to read the text otherwise"
ERRORS = "what to do with invalid bytes is fixed once the request is made: create a new request to change it"
TOP_WORDS = "topWords is fixed once the request is made: create a new request, or read the full table"
TIMEOUT = "timeoutSeconds is fixed once the request is made: create a new request with another one"
NOTIFY = "notify is fixed once the request is made: create a new request to tell somebody else"
FRESH = "fresh is fixed once the request is made: create a new request with another one"
RETRIES = "retries is fixed once the request is made: create a new request with another one"

A, B = "a" * 64, "b" * 64
PATH: Json = {"path": "books/alice.txt"}


@dataclass(frozen=True)
class Row:
    """A field, three specs, and the refusal: the cause's field and message, or nothing where it may be changed."""

    field: str
    without: Json
    one: Json
    other: Json
    refusal: tuple[str, str] | None


def _kind(field: str, one: Json, other: Json) -> Row:
    elsewhere: Json = {"inline": "x"} if field == "path" else PATH
    return Row(f"spec.input.{field}", {"input": elsewhere}, {"input": one}, {"input": other}, ("spec.input", INPUT))


def _beside(field: str, one: object, other: object) -> Row:
    return Row(
        f"spec.input.{field}",
        {"input": PATH},
        {"input": PATH | {field: one}},
        {"input": PATH | {field: other}},
        ("spec.input", INPUT),
    )


def _option(field: str, one: object, other: object, text: str | None) -> Row:
    name = f"spec.{field}"
    return Row(
        name,
        {"input": PATH},
        {"input": PATH, field: one},
        {"input": PATH, field: other},
        (name, text) if text else None,
    )


def _notify(field: str, **other: str) -> Row:
    def told(url: str = "https://example.org/", name: str = "hook", key: str = "a") -> Json:
        return {"input": PATH, "notify": {"url": url, "secretRef": {"name": name, "key": key}}}

    return Row(f"spec.notify{field}", {"input": PATH}, told(), told(**other), ("spec.notify", NOTIFY))


def _map(name: str, key: str) -> Json:
    return {"configMapKeyRef": {"name": name, "key": key}}


ROWS: list[Row] = [
    _kind("upload", {"upload": A}, {"upload": B}),
    _kind("path", PATH, {"path": "books/wonderland.txt"}),
    _kind("inline", {"inline": ""}, {"inline": "x"}),
    _kind("configMapKeyRef", _map("a", "x"), _map("b", "y")),
    _kind("configMapKeyRef.name", _map("a", "x"), _map("b", "x")),
    _kind("configMapKeyRef.key", _map("a", "x"), _map("a", "y")),
    _beside("sha256", A, B),
    _beside("name", "alice.txt", "Alice.txt"),
    _beside("bytes", 0, 1),
    _option("encoding", "windows-1252", "utf-16", ENCODING),
    Row("spec.errors", {"input": PATH}, {"input": PATH, "errors": "strict"}, {"input": PATH}, ("spec.errors", ERRORS)),
    _option("topWords", 0, 100, TOP_WORDS),
    _option("priority", -5, 5, None),
    Row("spec.suspend", {"input": PATH}, {"input": PATH, "suspend": True}, {"input": PATH, "suspend": False}, None),
    Row("spec.fresh", {"input": PATH}, {"input": PATH, "fresh": True}, {"input": PATH}, ("spec.fresh", FRESH)),
    _option("timeoutSeconds", 1, 2, TIMEOUT),
    _option("retries", 0, 1, RETRIES),
    _option("ttlSecondsAfterFinished", 0, 60, None),
    _notify("", url="https://example.com/"),
    _notify(".url", url="https://example.org/x"),
    _notify(".secretRef", name="other"),
    _notify(".secretRef.name", name="other"),
    _notify(".secretRef.key", key="b"),
]


@dataclass(frozen=True)
class Update:
    """One step of a row."""

    id: str
    old: Json
    new: Json
    refusal: tuple[str, str] | None


def _steps(row: Row) -> list[Update]:
    return [
        Update(f"add {row.field}", row.without, row.one, row.refusal),
        Update(f"change {row.field}", row.one, row.other, row.refusal),
        Update(f"remove {row.field}", row.one, row.without, row.refusal),
    ]


UPDATES: list[Update] = list(chain.from_iterable(_steps(row) for row in ROWS))
