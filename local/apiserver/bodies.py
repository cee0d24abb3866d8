"""Request bodies: which media types are taken, how large they may be, and what a PATCH's type means.

The Python client sends no Content-Type on some writes: those are taken as JSON. protobuf is taken for the few kinds
that kubectl sends in no other form (`protobuf`), and refused with 415 for the rest.
"""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from . import protobuf
from .codec import decode_json, decode_yaml, duplicate_fields
from .errors import TooLarge, UnsupportedMediaType

LIMIT = 3 * 1024 * 1024
JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"
PATCHES = (JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH)


def media_type(headers: Mapping[str, str]) -> str:
    """The Content-Type without its parameters; empty where there is none."""
    return headers.get("Content-Type", "").partition(";")[0].strip().lower()


async def read(request: web.BaseRequest) -> bytes:
    """The whole body, if it is not too large."""
    if (request.content_length or 0) > LIMIT:
        raise TooLarge(f"the request is too large: {request.content_length} bytes, the limit is {LIMIT}")
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge as error:
        raise TooLarge(f"the request is too large, the limit is {LIMIT} bytes") from error


def parse(raw: bytes, media: str) -> Any:
    """The object in a POST or PUT."""
    if media in ("", "application/json"):
        return decode_json(raw)
    if media in ("application/yaml", "text/yaml"):
        return decode_yaml(raw)
    if media == protobuf.MEDIA:
        return protobuf.decode_protobuf(raw)
    raise UnsupportedMediaType(
        "the body of the request was in an unknown format - accepted media types include: application/json, "
        f"application/yaml, {protobuf.MEDIA} for some kinds (not {media})"
    )


def parse_patch(raw: bytes, media: str) -> Any:
    """The patch in a PATCH."""
    if media not in PATCHES:
        raise UnsupportedMediaType(
            f"the body of the request was in an unknown format - accepted media types include: {', '.join(PATCHES)} "
            f"(not {media or 'none'})"
        )
    return decode_yaml(raw) if media == APPLY_PATCH else decode_json(raw)


def duplicates(raw: bytes, media: str) -> list[str]:
    """Doubled names in a JSON body."""
    return duplicate_fields(raw) if raw[:1] == b"{" and "yaml" not in media else []
