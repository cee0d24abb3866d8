"""Every address with each of its methods: parameters, body, answers, and with which statuses it may refuse.

The statuses that any address may refuse with (who asks, how often, under which name) are added to all in `document`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from app.openapi.schemas import COUNT, NAME, OPTIONS, PARAMETERS, Schema, ref

JSON, HTML, BYTES, LINES = "application/json", "text/html", "application/octet-stream", "application/x-ndjson"
EVENTS, CSV, ARROW = "text/event-stream", "text/csv", "application/vnd.apache.arrow.file"
BINARY: Schema = {"type": "string", "format": "binary"}
STATIC = ["api.js", "dropped.js", "format.js", "icon.svg", "live.js", "page.css", "page.js", "tus.js", "uploads.js"]


@dataclass(frozen=True)
class Operation:
    """One method of one address; `answers` maps a good status to its contents by type, `problems` has the others."""

    id: str
    summary: str
    answers: dict[int, dict[str, Schema]]
    problems: tuple[int, ...] = ()
    query: tuple[str, ...] = ()
    headers: dict[str, Schema] = field(default_factory=dict)
    body: dict[str, Schema] = field(default_factory=dict)
    open: bool = False
    body_required: bool = True

    def parameters(self, path: str) -> list[Schema]:
        """Return the parameters, those of the path first."""
        found: list[Schema] = []
        schema: Schema
        if "{name}" in path:
            schema = {"type": "string", "pattern": NAME}
            found.append({"name": "name", "in": "path", "required": True, "schema": schema})
        if "{identity}" in path:
            schema = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
            found.append({"name": "identity", "in": "path", "required": True, "schema": schema})
        if "{filename}" in path:
            schema = {"type": "string", "enum": [*STATIC]}
            found.append({"name": "filename", "in": "path", "required": True, "schema": schema})
        for one in self.query:
            schema, text = OPTIONS[one] if one in OPTIONS else PARAMETERS[one]
            name = {"rows": "limit", "tokens": "limit", "part": "name", "shown": "phase"}.get(one, one)
            found.append({"name": name, "in": "query", "schema": schema, "description": text})
        for one, schema in self.headers.items():
            found.append({"name": one, "in": "header", "schema": schema})
        return found


TOKEN: dict[str, Schema] = {
    "application/x-www-form-urlencoded": {
        "type": "object",
        "properties": {"token": {"type": "string", "minLength": 1}},
        "required": ["token"],
    }
}
KEY: dict[str, Schema] = {
    "Idempotency-Key": {"type": "string", "minLength": 1, "maxLength": 256, "pattern": "^[!-~]+$"}
}
FORM: dict[str, Schema] = {"multipart/form-data": ref("Form")}
ONE: dict[str, Schema] = {JSON: ref("Request")}
PAGE: dict[str, Schema] = {HTML: {"type": "string"}}
TAKE = (400, 403, 404, 408, 409, 413, 415, 422, 431, 503, 507)
READ = (400, 404, 409, 410, 502, 503)
TABLES: dict[str, Schema] = {JSON: {"type": "array", "items": ref("Word")}, CSV: {"type": "string"}, ARROW: BINARY}

TUS: dict[str, Schema] = {"Tus-Resumable": {"type": "string", "enum": ["1.0.0"]}}
OFFSET: dict[str, Schema] = {"Upload-Offset": COUNT}
PIECE: dict[str, Schema] = {"application/offset+octet-stream": BINARY}
TUS_TAKE = (*TAKE, 410, 412, 423, 460)
RESUMABLE: dict[str, dict[str, Operation]] = {
    "/uploads": {
        "options": Operation("tusAbilities", "What of tus 1.0 is spoken here", {204: {}}, open=True),
        "post": Operation(
            "tusCreate",
            "Begin a resumable upload (tus 1.0)",
            {201: {}},
            TUS_TAKE,
            body=PIECE,
            body_required=False,
            headers={
                **TUS,
                "Upload-Length": COUNT,
                **{name: {"type": "string"} for name in ("Upload-Metadata", "Upload-Concat", "Idempotency-Key")},
            },
        ),
    },
    "/uploads/{identity}": {
        "options": Operation("tusAbilitiesOfOne", "What of tus 1.0 is spoken here", {204: {}}, open=True),
        "head": Operation("tusState", "How much of an upload is here", {200: {}}, TUS_TAKE, headers=TUS),
        "patch": Operation(
            "tusAppend",
            "Append the next piece",
            {204: {}},
            TUS_TAKE,
            headers={**TUS, **OFFSET, "Upload-Checksum": {"type": "string"}},
            body=PIECE,
        ),
        "delete": Operation("tusEnd", "Forget an upload", {204: {}}, TUS_TAKE, headers=TUS),
        "post": Operation(
            "tusOverride",
            "HEAD, PATCH or DELETE by X-HTTP-Method-Override",
            {200: {}, 204: {}},
            TUS_TAKE,
            headers={**TUS, "X-HTTP-Method-Override": {"type": "string", "enum": ["HEAD", "PATCH", "DELETE"]}},
        ),
    },
}

OPERATIONS: dict[str, dict[str, Operation]] = {
    **RESUMABLE,
    "/upload": {
        "post": Operation(
            "upload",
            "Take a file and make a request for it",
            {202: ONE},
            TAKE,
            query=tuple(OPTIONS),
            headers={**KEY, "X-Filename": {"type": "string"}},
            body={BYTES: BINARY, **FORM},
        )
    },
    "/requests": {
        "get": Operation(
            "listRequests",
            "List requests, page by page",
            {200: {JSON: ref("Requests")}},
            (400, 410, 503),
            query=("phase", "limit", "continue"),
        ),
        "post": Operation(
            "requestForStored",
            "Make a request for content that is stored already",
            {202: ONE},
            TAKE,
            headers=KEY,
            body={JSON: ref("Stored")},
        ),
    },
    "/requests/events": {
        "get": Operation(
            "followAll",
            "Stream the changes of all requests",
            {200: {EVENTS: {"type": "string"}}},
            (400, 503),
            headers={"Last-Event-ID": {"type": "string"}},
        )
    },
    "/requests/{name}": {
        "get": Operation("getRequest", "Show one request", {200: ONE, 304: {}}, (400, 404, 503), query=("wait",)),
        "delete": Operation("deleteRequest", "Delete one request", {204: {}}, (403, 404, 412, 503)),
    },
    "/status": {
        "get": Operation(
            "getStatus",
            "Who leads the operator, what it serves, and how many requests wait",
            {200: {JSON: ref("Status")}},
            (400, 404, 503),
        )
    },
    "/requests/{name}/events": {
        "get": Operation(
            "followOne",
            "Stream the states of one request until it has ended",
            {200: {EVENTS: {"type": "string"}}, 204: {}},
            (400, 404, 503),
            headers={"Last-Event-ID": {"type": "string"}},
        )
    },
    "/requests/{name}/words": {
        "get": Operation(
            "getWords",
            "The table of words, the most frequent first",
            {200: TABLES, 206: {CSV: {"type": "string"}, ARROW: BINARY}, 304: {}},
            (*READ, 403, 416, 501),
            query=("format", "rows", "offset", "contains"),
        )
    },
    "/requests/{name}/tokens": {
        "get": Operation(
            "getTokens",
            "The words in the order of the text",
            {200: {LINES: {"type": "string"}}, 304: {}},
            READ,
            query=("first", "tokens"),
        )
    },
    "/requests/{name}/links": {
        "post": Operation(
            "makeLink",
            "Make a link to the table of words that works without a token until it expires",
            {201: {JSON: ref("Link")}},
            (400, 403, 404, 501, 503),
            query=("format", "rows", "seconds"),
        )
    },
    "/docker/result/{name}": {
        "get": Operation("getOlderResult", "Show one request, at the older address", {200: ONE}, (404, 503))
    },
    "/": {
        "get": Operation(
            "home", "The page", {200: PAGE}, (400,), query=("shown", "part", "continue", "page", "deleted")
        ),
        "post": Operation("send", "The page's form", {303: PAGE}, TAKE, body={"multipart/form-data": ref("PageForm")}),
    },
    "/view/{name}": {
        "get": Operation("view", "The page of one request", {200: PAGE}, (400, 404, 503), query=("words",))
    },
    "/view/{name}/delete": {
        "post": Operation("viewDelete", "The page's button to cancel or delete", {303: PAGE}, (400, 403, 404, 503))
    },
    "/sign-in": {
        "get": Operation("signInForm", "Where a person brings a token", {200: PAGE}, open=True),
        "post": Operation(
            "signIn",
            "Take a token and give it back as a cookie",
            {303: PAGE},
            (401, 403, 413, 503),
            body=TOKEN,
            open=True,
        ),
    },
    "/sign-out": {"post": Operation("signOut", "Forget the token", {303: PAGE}, (403,), open=True)},
    "/static/{filename}": {
        "get": Operation("look", "What the pages need", {200: {"*/*": BINARY}, 304: {}}, (404,), open=True)
    },
    "/openapi.json": {"get": Operation("openapi", "This document", {200: {JSON: {"type": "object"}}}, open=True)},
    "/api": {"get": Operation("readApi", "This document as a page", {200: PAGE}, open=True)},
    "/healthz": {"get": Operation("alive", "Whether this process answers", {200: {JSON: ref("Health")}}, open=True)},
    "/readyz": {
        "get": Operation(
            "ready", "Whether volume and cluster can be used", {200: {JSON: ref("Ready")}}, (503,), open=True
        )
    },
    "/metrics": {
        "get": Operation("metrics", "Metrics for Prometheus", {200: {"text/plain": {"type": "string"}}}, open=True)
    },
}


def as_json(path: str, operation: Operation, common: tuple[int, ...]) -> dict[str, Any]:
    """Return one operation as OpenAPI writes it."""
    media = {"application/problem+json": {"schema": ref("Problem")}}
    if any(HTML in contents for contents in operation.answers.values()):
        media = {**media, HTML: {"schema": {"type": "string"}}}
    responses: dict[str, Any] = {}
    for status, contents in operation.answers.items():
        content = {kind: {"schema": schema} for kind, schema in contents.items()}
        responses[str(status)] = {"description": operation.summary, **({"content": content} if content else {})}
    for status in sorted({*operation.problems, *common} - operation.answers.keys()):
        responses[str(status)] = {"description": "A problem; its `reason` is for programs", "content": media}
    found: dict[str, Any] = {"operationId": operation.id, "summary": operation.summary}
    if parameters := operation.parameters(path):
        found["parameters"] = parameters
    if operation.body:
        content = {kind: {"schema": schema} for kind, schema in operation.body.items()}
        found["requestBody"] = {"required": operation.body_required, "content": content}
    found["responses"] = responses
    if operation.open:
        found["security"] = []
    return found
