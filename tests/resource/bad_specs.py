"""Specs that must be refused, each with the field that the answer names and the sentence that it says.

The sentences of rules are this project's; those of plain limits (`Required value`, `Too long`, `should be`) are the API
server's own. Where such a limit is broken, a server checks no rules any more and says so in a cause of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.resource.definition import Json

ONE_TEXT = (
    "name exactly one text: upload (the SHA-256 of uploaded content), path (a file beneath drop/), inline (the text "
    "itself) or configMapKeyRef (a key of a ConfigMap)"
)
UPLOAD = "write the SHA-256 of the uploaded content as 64 lower-case hexadecimal digits, as sha256sum prints it"
DIGEST = "write the content's SHA-256 as 64 lower-case hexadecimal digits, as sha256sum prints it"
UP = "write the path without .. in it: only files beneath drop/ can be read"
RELATIVE = "write the path relative to drop/, without a / at its start, such as books/alice.txt"
PLAIN = "write the path without // and /./ in it and without a / or . at its end, such as books/alice.txt"
SLASHES = "write the path with / between its parts and without backslashes and control characters"
LONG_INLINE = (
    "inline text has at most 16384 characters: upload a longer one over HTTP, or put it beneath drop/ and name it in "
    "path"
)
MAP_NAME = "write the name of a ConfigMap in this namespace: lower-case letters, digits, - and ."
MAP_KEY = "write one of the ConfigMap's keys: letters, digits, -, _ and ., not starting with .."
SHOWN_NAME = "write the shown name without line breaks and other control characters"
ENCODING = "write the name of a character encoding, such as utf-8, windows-1252 or utf-16, or auto to have it guessed"
INLINE_ENCODING = "inline text is UTF-8, so leave encoding out"
HOOK = "write an http or https address without user, password and fragment, such as https://example.org/hooks/textmill"
SECRET_NAME = "write the name of a Secret in this namespace: lower-case letters, digits, - and ."
SECRET_KEY = "write one of the Secret's keys: letters, digits, -, _ and ., not starting with .."
REDUNDANT = "sha256 differs from upload, which is the content's digest already: leave sha256 out"

A, B = "a" * 64, "b" * 64
TEXT: Json = {"inline": "x"}
MAP: Json = {"name": "x", "key": "y"}


@dataclass(frozen=True)
class Bad:
    """A spec, and the field and the end of the message of each cause of its refusal."""

    id: str
    spec: Json
    causes: tuple[tuple[str, str], ...]


def _input(name: str, given: Json, *causes: tuple[str, str]) -> Bad:
    return Bad(name, {"input": given}, tuple((f"spec.input{field}", text) for field, text in causes))


def _option(name: str, field: str, value: object, text: str) -> Bad:
    return Bad(name, {"input": {"path": "x"}, field: value}, ((f"spec.{field}", text),))


def _path(name: str, path: str, *texts: str) -> Bad:
    return _input(f"path {name}", {"path": path}, *((".path", text) for text in texts))


def _notify(name: str, url: str, text: str = HOOK) -> Bad:
    told = {"url": url, "secretRef": {"name": "hook"}}
    return Bad(f"notify {name}", {"input": TEXT, "notify": told}, (("spec.notify.url", text),))


def _secret(name: str, given: Json, field: str, text: str) -> Bad:
    told = {"url": "https://example.org", "secretRef": given}
    return Bad(f"notify {name}", {"input": TEXT, "notify": told}, ((f"spec.notify.secretRef.{field}", text),))


def _range(field: str, low: int, high: int) -> list[Bad]:
    body = f"spec.{field} in body should be"
    return [
        _option(f"{field} too low", field, low - 1, f"{body} greater than or equal to {low}"),
        _option(f"{field} too high", field, high + 1, f"{body} less than or equal to {high}"),
    ]


BAD: list[Bad] = [
    Bad("no input", {}, (("spec.input", "Required value"),)),
    _input("no text", {}, ("", ONE_TEXT)),
    _input("only a digest", {"sha256": A}, ("", ONE_TEXT)),
    _input("two texts", {"inline": "", "path": "x"}, ("", ONE_TEXT)),
    _input("four texts", {"upload": A, "path": "x", "configMapKeyRef": MAP} | TEXT, ("", ONE_TEXT)),
    _input("upload in upper case", {"upload": A.upper()}, (".upload", UPLOAD)),
    _input("upload too short", {"upload": A[1:]}, (".upload", UPLOAD)),
    _input("upload with its kind", {"upload": f"sha256:{A}"}, (".upload", UPLOAD)),
    _input("upload with a line feed", {"upload": f"{A}\n"}, (".upload", UPLOAD)),
    _input("upload and another digest", {"upload": A, "sha256": B}, ("", REDUNDANT)),
    _input("sha256 in upper case", TEXT | {"sha256": A.upper()}, (".sha256", DIGEST)),
    _input("sha256 empty", TEXT | {"sha256": ""}, (".sha256", DIGEST)),
    _path("empty", "", "spec.input.path in body should be at least 1 chars long"),
    _path("too long", "x" * 1025, "Too long: may not be more than 1024 bytes"),
    _path("absolute", "/etc/passwd", RELATIVE),
    _path("root", "/", RELATIVE, PLAIN),
    _path("up", "..", UP),
    _path("up first", "../x", UP),
    _path("up between", "a/../../x", UP),
    _path("up last", "a/..", UP),
    _path("twice a slash", "a//b", PLAIN),
    _path("slash last", "a/", PLAIN),
    _path("dot", ".", PLAIN),
    _path("dot first", "./a", PLAIN),
    _path("dot between", "a/./b", PLAIN),
    _path("dot last", "a/.", PLAIN),
    _path("backslash", "a\\..\\b", SLASHES),
    _path("NUL", "a\0b", SLASHES),
    _path("line feed", "a\nb", SLASHES),
    _input("inline too long", {"inline": "x" * 16385}, (".inline", LONG_INLINE)),
    _input("inline no text", {"inline": 3}, (".inline", 'spec.input.inline in body must be of type string: "integer"')),
    _input("map without key", {"configMapKeyRef": {"name": "x"}}, (".configMapKeyRef.key", "Required value")),
    _input("map without name", {"configMapKeyRef": {"key": "x"}}, (".configMapKeyRef.name", "Required value")),
    _input("map's name", {"configMapKeyRef": {"name": "Poems", "key": "x"}}, (".configMapKeyRef.name", MAP_NAME)),
    _input("map's key", {"configMapKeyRef": {"name": "x", "key": "a/b"}}, (".configMapKeyRef.key", MAP_KEY)),
    _input("map's key up", {"configMapKeyRef": {"name": "x", "key": "..a"}}, (".configMapKeyRef.key", MAP_KEY)),
    _input("name of two lines", TEXT | {"name": "a\nb"}, (".name", SHOWN_NAME)),
    _input("name too long", TEXT | {"name": "x" * 256}, (".name", "Too long: may not be more than 255 bytes")),
    _input("bytes below zero", TEXT | {"bytes": -1}, (".bytes", "in body should be greater than or equal to 0")),
    _input("name empty", TEXT | {"name": ""}, (".name", "spec.input.name in body should be at least 1 chars long")),
    _option("encoding empty", "encoding", "", ENCODING),
    _option("encoding too long", "encoding", "x" * 65, "Too long: may not be more than 64 bytes"),
    _option("encoding of two words", "encoding", "utf 8", ENCODING),
    _option("encoding with a path", "encoding", "../utf-8", ENCODING),
    Bad("inline in latin", {"input": TEXT, "encoding": "latin-1"}, (("spec.encoding", INLINE_ENCODING),)),
    _option("errors", "errors", "ignore", 'Unsupported value: "ignore": supported values: "replace", "strict"'),
    _option("suspend", "suspend", "yes", 'spec.suspend in body must be of type boolean: "string"'),
    *_range("topWords", 0, 100),
    *_range("priority", -1000, 1000),
    *_range("timeoutSeconds", 1, 604800),
    *_range("retries", 0, 10),
    *_range("ttlSecondsAfterFinished", 0, 315360000),
    _notify("empty", ""),
    _notify("other scheme", "ftp://example.org/x"),
    _notify("file", "file:///etc/passwd"),
    _notify("no host", "https:///x"),
    _notify("user", "https://me:secret@example.org/"),
    _notify("another host behind a backslash", "https://example.org\\@127.0.0.1/"),
    _notify("fragment", "https://example.org/#x"),
    _notify("line feed", "https://example.org/\r\nX: y"),
    _notify("not ASCII", "https://ex\u00e4mple.org/"),
    _notify("no port", "https://example.org:/"),
    _notify("too long", f"https://example.org/{'x' * 2048}", "Too long: may not be more than 2048 bytes"),
    Bad(
        "notify alone",
        {"input": TEXT, "notify": {"url": "https://example.org"}},
        (("spec.notify.secretRef", "Required value"),),
    ),
    _secret("without a name", {"key": "x"}, "name", "Required value"),
    _secret("name", {"name": "Hook"}, "name", SECRET_NAME),
    _secret("key", {"name": "hook", "key": "a/b"}, "key", SECRET_KEY),
]

GOOD: dict[str, Json] = {
    "empty text": {"input": {"inline": ""}},
    "longest text": {"input": {"inline": "\N{GRINNING FACE}" * 16384}},
    "upload": {"input": {"upload": A}},
    "upload and its digest": {"input": {"upload": A, "sha256": A}},
    "longest path": {"input": {"path": "é" * 1024}},
    "hidden path": {"input": {"path": ".a/..b/c../.d"}},
    "path with spaces": {"input": {"path": "books/Alice im Wunderland (ß).txt"}},
    "map": {"input": {"configMapKeyRef": {"name": "my.poems-1", "key": ".Poem_1.txt"}}},
    "names": {"input": TEXT | {"name": "x" * 255, "bytes": 2**62}},
    "lowest numbers": {"input": TEXT, "topWords": 0, "priority": -1000, "timeoutSeconds": 1, "retries": 0}
    | {"ttlSecondsAfterFinished": 0},
    "highest numbers": {"input": TEXT, "topWords": 100, "priority": 1000, "timeoutSeconds": 604800, "retries": 10}
    | {"ttlSecondsAfterFinished": 315360000},
    "inline as UTF-8": {"input": TEXT, "encoding": "UTF-8"},
    "inline guessed": {"input": TEXT, "encoding": "auto"},
    "notify": {
        "input": TEXT,
        "notify": {
            "url": "http://hooks.example.org:8443/a?b=c&d=%20",
            "secretRef": {"name": "my.hook-1", "key": ".Key_1"},
        },
    },
    "notify at an address": {"input": TEXT, "notify": {"url": "https://[2001:db8::1]", "secretRef": {"name": "a"}}},
    "null for absent": {"input": TEXT, "encoding": None, "suspend": None},
}
