"""What came of a request: its table of words, its tokens, and the address that older callers know.

Everything is streamed from the volume and nothing is made here that the workers did not write. A path out of a status
is checked before it is opened; a file whose size is not what the status says is not served as if it were whole.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import chain

from flask import Blueprint, Response, g, jsonify, request
from werkzeug.datastructures import IfRange
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.wsgi import wrap_file

from app import search, tables
from app.answers import answer, failure
from app.cluster import Body
from app.compression import IDENTITY, chosen, compressed
from app.computing import in_turn
from app.errors import FieldInvalid, NotFinished, PreconditionFailed, RequestFailed
from app.links import PARAMETERS
from app.opening import open_table, token_shards
from app.refusals import LinkInvalid
from app.room import room
from app.routes.requests import find, number, query
from app.tokens import Wanted, json_lines
from app.verifying import Verification, guarded
from textmill import layout
from textmill.request import SUCCEEDED

results = Blueprint("results", __name__)
LIMIT = 10**9
MOST_TOKENS = 10**12 - 1
LINES = "application/x-ndjson"
FORMATS = {
    "csv": (layout.TABLE_CSV, "text/csv; charset=utf-8", "csv"),
    "json": (layout.TABLE_CSV, "application/json", "csv"),
    "arrow": (layout.TABLE_ARROW, "application/vnd.apache.arrow.file", "arrow"),
}


@results.get("/docker/result/<name>")
def older_result(name: str) -> Response:
    """Show one request, at the address of the older interface."""
    return jsonify(answer(find(name)))


@results.get("/requests/<name>/words")
def words(name: str) -> Response:
    """Stream the table of words, the most frequent first."""
    kind, part = _asked()
    body = find(name)
    if g.get("link") not in (None, body["metadata"]["uid"]):
        raise LinkInvalid("The link is for a request that has gone; another one bears its name now.")
    status = body.get("status") or {}
    if status.get("phase") != SUCCEEDED:
        raise _unfinished(body)
    table = status["result"]["table"]
    filename, media_type, noted = FORMATS[kind]
    coding = _coding(kind)
    file, verification = open_table(room(), body, filename, noted)
    as_it_lies = kind != "json" and part.whole and not coding
    if as_it_lies:
        response = _whole(file, verification)
    else:
        sent = guarded(_sent(_pieces(file, kind, part)), verification, whole=part.whole)
        response = _streamed(sent, coding, file.close)
    response.headers["Content-Type"] = media_type
    if kind != "json":
        response.headers["Content-Disposition"] = f'attachment; filename="{name}-words.{kind}"'
    length = int(table[noted]["bytes"]) if as_it_lies else None
    if length is not None:
        response.content_length = length
    _tag(response, f"{table[noted]['sha256']}-{kind}{part.mark}", coding, length)
    if as_it_lies and not verification.good and response.status_code == 200 and not response.direct_passthrough:
        response.response = guarded(response.iter_encoded(), verification, whole=True)
    return response


@results.get("/requests/<name>/tokens")
def tokens(name: str) -> Response:
    """Stream the tokens as JSON lines, in the order of the text."""
    asked = query("first", "limit")
    wanted = Wanted(number(asked.get("first", "0"), "first", 0, MOST_TOKENS), _limit(asked, MOST_TOKENS))
    body = find(name)
    place = (body.get("status") or {}).get("tokens")
    if not place:
        raise _unfinished(body)
    coding = _coding(LINES)
    shards = token_shards(room(), body, place)
    lines = json_lines(shards, wanted)
    response = _streamed(_sent(lines), coding, lines.close)
    response.call_on_close(shards.close)
    response.headers["Content-Type"] = LINES
    _tag(response, wanted.mark(str(place["path"])), coding, None)
    return response


class _Streamed(Response):
    """An answer that is made while it is sent: nobody counts it, or makes it, for its length."""

    automatically_set_content_length = False
    implicit_sequence_conversion = False


def _sent(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Return the pieces that hold something, each computed when its turn comes."""
    return filter(None, in_turn(pieces))


def _streamed(sent: Iterator[bytes], coding: str, close: Callable[[], None]) -> Response:
    response = _Streamed(compressed(sent, coding) if coding else sent)
    if coding:
        response.headers["Content-Encoding"] = coding
    response.call_on_close(close)
    return response


def _coding(kind: str) -> str:
    """Return how the answer is compressed: not at all where it is already, or where a part by bytes is wanted."""
    return IDENTITY if kind == "arrow" or request.range is not None else chosen(request.accept_encodings)


def _tag(response: Response, tag: str, coding: str, length: int | None) -> None:
    """Give the answer its tag, and make it what it is for a client that knows it or wants a part of it."""
    response.set_etag(f"{tag}-{coding}" if coding else tag)
    response.vary.add("Accept-Encoding")
    response.headers["Cache-Control"] = "private, no-cache"
    whole = request.if_none_match.contains_weak(response.get_etag()[0] or "") or _is_weak(request.if_range)
    try:
        response.make_conditional(request, accept_ranges=length is not None and not whole, complete_length=length)
    except RequestedRangeNotSatisfiable:  # nobody else closes the file then
        response.close()
        raise
    if response.status_code == 412:
        response.close()
        raise PreconditionFailed("The result has another tag than `If-Match` names.")


def _is_weak(given: IfRange) -> bool:
    """Tell whether a part is wanted of what a weak tag stands for, which says nothing of bytes."""
    return given.etag is not None and request.headers.get("If-Range", "").startswith("W/")


def _unfinished(body: Body) -> NotFinished | RequestFailed:
    name = body["metadata"]["name"]
    failed = failure(body)
    if failed:
        return RequestFailed(f"The request {name!r} failed with {failed[0]}: {failed[1]}".rstrip(": .") + ".")
    phase = (body.get("status") or {}).get("phase") or "Pending"
    return NotFinished(f"The request {name!r} is in phase {phase}.")


def _whole(file: io.FileIO, verification: Verification) -> Response:
    """Have the kernel send the file; while nothing is known of its bytes, send it by pieces that can be broken off."""
    if verification.good is None and request.range is None and request.method == "GET":
        response = Response(iter(partial(file.read, 1 << 18), b""))
    else:
        response = Response(wrap_file(request.environ, file, 1 << 18), direct_passthrough=True)
    response.call_on_close(file.close)
    return response


def _asked() -> tuple[str, tables.Part]:
    return table_asked(query("format", "limit", "offset", "contains", *(PARAMETERS if "link" in g else ())))


def table_asked(asked: dict[str, str]) -> tuple[str, tables.Part]:
    """Return the form and the part of a table that these parameters ask for; FieldInvalid where they do not fit."""
    kind = asked.get("format", "json")
    if kind not in FORMATS:
        raise FieldInvalid(f"format is {kind[:40]!r}; there are: {', '.join(FORMATS)}.")
    offset = number(asked.get("offset", "0"), "offset", 0, LIMIT)
    part = tables.Part(_limit(asked, LIMIT), asked.get("contains", ""), offset)
    if kind == "arrow" and not part.whole:
        raise FieldInvalid("limit, offset and contains go with csv and json; the Arrow table comes whole.")
    if len(part.contains) > search.LONGEST:
        raise FieldInvalid(f"contains has {len(part.contains)} characters; at most {search.LONGEST} are taken.")
    return kind, part


def _limit(asked: dict[str, str], most: int) -> int | None:
    return number(asked["limit"], "limit", 0, most) if "limit" in asked else None


def _pieces(file: io.FileIO, kind: str, part: tables.Part) -> Iterator[bytes]:
    with _closed_on_error(file):
        tables.skip_header(file)
    lines = tables.blocks(file)
    if part.contains:
        lines = search.containing(lines, part.contains)
    lines = tables.cut(lines, part.offset, part.limit)
    return tables.json_rows(lines) if kind == "json" else chain((tables.HEADER,), lines)


@contextmanager
def _closed_on_error(file: io.FileIO) -> Iterator[None]:
    """Close a file where what is done with it fails."""
    try:
        yield
    except BaseException:
        file.close()
        raise
