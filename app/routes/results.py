"""What came of a request: its table of words, its tokens, and the address that older callers know.

Everything is streamed from the volume and nothing is made here that the workers did not write. A path out of a status
is checked before it is opened; a file whose size is not what the status says is not served as if it were whole.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import partial

from flask import Blueprint, Response, g, jsonify, request
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.wsgi import wrap_file

from app import search, tables
from app.answers import answer, failure
from app.cluster import Body
from app.errors import ArtefactInvalid, FieldInvalid, NotFinished, RequestFailed
from app.links import PARAMETERS
from app.opening import open_table
from app.refusals import LinkInvalid
from app.room import room
from app.routes.requests import find, number, query
from app.verifying import Verification, guarded
from app.volume import Volume
from textmill import layout
from textmill.request import SUCCEEDED

results = Blueprint("results", __name__)
LIMIT = 10**9
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
    file, verification = open_table(room(), body, filename, noted)
    as_it_lies = kind != "json" and part.whole
    response = _whole(file, verification) if as_it_lies else _cut(file, kind, part)
    response.headers["Content-Type"] = media_type
    if kind != "json":
        response.headers["Content-Disposition"] = f'attachment; filename="{name}-words.{kind}"'
    response.set_etag(f"{table[noted]['sha256']}-{kind}{part.mark}")
    response.headers["Cache-Control"] = "private, no-cache"
    length = int(table[noted]["bytes"]) if kind != "json" and part.whole else None
    if length is not None:
        response.content_length = length
    try:
        response.make_conditional(request, accept_ranges=length is not None, complete_length=length)
    except RequestedRangeNotSatisfiable:  # nobody else closes the file then
        response.close()
        raise
    if not verification.good and response.status_code == 200 and not response.direct_passthrough:
        response.response = guarded(response.iter_encoded(), verification, whole=part.whole)
    return response


@results.get("/requests/<name>/tokens")
def tokens(name: str) -> Response:
    """Stream the tokens as JSON lines, in the order of the text."""
    query()
    body = find(name)
    place = (body.get("status") or {}).get("tokens")
    if not place:
        raise _unfinished(body)
    path = place["path"]
    shards = [layout.shard(path, index).removeprefix(f"{path}/") for index in range(int(place["shards"]))]
    for shard in shards:  # so that a missing one is an error and not a stream that breaks off
        for filename in (layout.IDS, layout.VOCABULARY):
            room().volume.open_output(path, shard, filename).close()
    return Response(_token_lines(room().volume, path, shards), mimetype="application/x-ndjson")


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
    return table_asked(query("format", "limit", "contains", *(PARAMETERS if "link" in g else ())))


def table_asked(asked: dict[str, str]) -> tuple[str, tables.Part]:
    """Return the form and the part of a table that these parameters ask for; FieldInvalid where they do not fit."""
    kind = asked.get("format", "json")
    if kind not in FORMATS:
        raise FieldInvalid(f"format is {kind[:40]!r}; there are: {', '.join(FORMATS)}.")
    limit = number(asked["limit"], "limit", 0, LIMIT) if "limit" in asked else None
    part = tables.Part(limit, asked.get("contains", ""))
    if kind == "arrow" and not part.whole:
        raise FieldInvalid("limit and contains go with csv and json; the Arrow table comes whole.")
    if len(part.contains) > search.LONGEST:
        raise FieldInvalid(f"contains has {len(part.contains)} characters; at most {search.LONGEST} are taken.")
    return kind, part


def _cut(file: io.FileIO, kind: str, part: tables.Part) -> Response:
    lines = io.BufferedReader(file, 1 << 18)
    try:
        header = tables.header(lines)
    except ArtefactInvalid:
        lines.close()
        raise
    wanted = (line for _, line in search.containing(lines, part.contains)) if part.contains else lines
    pieces = tables.json_rows(wanted, part.limit) if kind == "json" else tables.csv_rows(header, wanted, part.limit)
    response = Response(pieces)
    response.call_on_close(lines.close)
    return response


def _token_lines(volume: Volume, path: str, shards: list[str]) -> Iterator[bytes]:
    position = 0
    for shard in shards:
        with (
            volume.open_output(path, shard, layout.IDS) as ids,
            volume.open_output(path, shard, layout.VOCABULARY) as vocabulary,
        ):
            for piece in tables.json_tokens(ids, vocabulary, position):
                yield piece.lines
                position = piece.after
