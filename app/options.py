"""The fields that may come with an upload, read and checked; pure.

The resource definition has the last word on what a spec may hold; what is checked here is what can be said sooner and
more plainly: unknown names (a misspelt `topwords` must not be ignored silently), numbers that are none, values out of
range.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from app.errors import EncodingUnknown, FieldInvalid, FieldRepeated, FieldUnknown
from textmill import layout, names, notices
from textmill.bounds import BOUNDS
from textmill.encodings import NoEncoding, codec_name

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_ENCODING = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.:-]{0,62}[A-Za-z0-9])?")
_ENCODINGS = "an encoding's name such as utf-8 or windows-1252, or auto"
_AUTO = "auto"


def _number(low: int, high: int) -> Callable[[str, str], int]:
    def read(name: str, text: str) -> int:
        if not re.fullmatch(r"[+-]?[0-9]{1,12}", text) or not low <= int(text) <= high:
            raise FieldInvalid(f"{name} is {text[:40]!r}; write a whole number from {low} to {high}.")
        return int(text)

    return read


def _matching(pattern: re.Pattern[str], wanted: str) -> Callable[[str, str], str]:
    def read(name: str, text: str) -> str:
        if not pattern.fullmatch(text):
            raise FieldInvalid(f"{name} is {text[:80]!r}; write {wanted}.")
        return text

    return read


def _encoding(name: str, text: str) -> str:
    _matching(_ENCODING, _ENCODINGS)(name, text)
    if text != _AUTO:
        try:
            codec_name(text)
        except NoEncoding as error:
            raise EncodingUnknown(f"{name}: {error}; write {_ENCODINGS}.") from error
    return text


def _flag(name: str, text: str) -> bool:
    return _matching(re.compile("true|false"), "true or false")(name, text) == "true"


SPEC_FIELDS: dict[str, Callable[[str, str], Any]] = {
    **{name: _number(*bounds) for name, bounds in BOUNDS.items()},
    "encoding": _encoding,
    "errors": _matching(re.compile("replace|strict"), "replace or strict"),
    "fresh": _flag,
}
"""The options that go into the spec under their own name."""

RESERVED = ("events",)
"""Names that a request made here cannot have, since /requests/NAME is another address then."""


def _request_name(name: str, text: str) -> str:
    if text in RESERVED:
        raise FieldInvalid(f"name is {text!r}, which is an address of this service; choose another.")
    return _matching(_NAME, "at most 63 of a-z, 0-9 and -, beginning and ending with a letter or digit")(name, text)


def may_name_a_request(text: str) -> bool:
    """Tell whether a request made here may have this name."""
    return text not in RESERVED and _NAME.fullmatch(text) is not None


def _address(name: str, text: str) -> str:
    if len(text) > notices.ADDRESS_LIMIT or not notices.ADDRESS.fullmatch(text):
        raise FieldInvalid(f"{name} is {text[:80]!r}; write an http or https address without user and fragment.")
    return text


OTHER_FIELDS: dict[str, Callable[[str, str], Any]] = {
    "notifyUrl": _address,
    "name": _request_name,
    "filename": lambda _, text: text,
    "sha256": _matching(layout.DIGEST, "the content's SHA-256 as 64 lower-case hex digits"),
    "upload": _matching(layout.DIGEST, "the stored content's SHA-256 as 64 lower-case hex digits"),
}
"""What else may be said: who is told of the end, the request's name, the file's name, the digest to compare with, and
content that is stored already."""


@dataclass(frozen=True)
class Options:
    """What was asked for beside the content. `spec` holds only what was given: defaults are the definition's."""

    spec: dict[str, Any] = field(default_factory=dict)
    name: str | None = None
    filename: str | None = None
    sha256: str | None = None
    upload: str | None = None

    def fields(self) -> dict[str, Any]:
        """Return the spec as the fields that it was read from, to be sent again."""
        fields = {name: value for name, value in self.spec.items() if name != "notify"}
        return fields | ({"notifyUrl": self.spec["notify"]["url"]} if "notify" in self.spec else {})


def read(pairs: Iterable[tuple[str, str]], *, allow_upload: bool = False) -> Options:
    """Read pairs of field and value; the error names the first field that is wrong."""
    spec: dict[str, Any] = {}
    others: dict[str, Any] = {}
    for name, text in pairs:
        if name in spec or name in others:
            raise FieldRepeated(f"The field {name!r} was given more than once.")
        if name in SPEC_FIELDS:
            spec[name] = SPEC_FIELDS[name](name, text)
        elif name in OTHER_FIELDS and (name != "upload" or allow_upload):
            others[name] = OTHER_FIELDS[name](name, text)
        else:
            known = ", ".join((*SPEC_FIELDS, *(one for one in OTHER_FIELDS if one != "upload" or allow_upload)))
            raise FieldUnknown(f"There is no field {name[:80]!r}; there are: {known}.")
    if url := others.pop("notifyUrl", None):
        # Always the same Secret: a client that may upload does not choose what the operator reads.
        spec["notify"] = {"url": url, "secretRef": {"name": names.NOTIFY_SECRET}}
    return Options(spec=spec, **others)
