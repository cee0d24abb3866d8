"""The shapes that the document's operations speak of: a request in its public form, a problem, and the parameters.

Objects of an answer are open (fields are added over time), those of a question are closed (a misspelt field is an
error). Patterns are the same as the code's own; `tests/api/test_openapi.py` has both tried against each other.
"""

from __future__ import annotations

from typing import Any

from app import options
from app.routes.requests import LONGEST_WAIT, PAGE_LIMIT, PHASES
from app.routes.results import FORMATS, LIMIT, MOST_TOKENS
from app.search import LONGEST
from textmill import notices
from textmill.bounds import BOUNDS

Schema = dict[str, Any]

NAME = "^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$"
NEW_NAME = "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"
DIGEST = "^[0-9a-f]{64}$"
ENCODING = "^[A-Za-z0-9]([A-Za-z0-9_.:-]{0,62}[A-Za-z0-9])?$"
TIME: Schema = {"type": "string", "format": "date-time"}
COUNT: Schema = {"type": "integer", "minimum": 0}


def ref(name: str) -> Schema:
    """Refer to a component's schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def whole(low: int, high: int) -> Schema:
    """Return the schema of a whole number within bounds."""
    return {"type": "integer", "minimum": low, "maximum": high}


def shape(required: dict[str, Schema], optional: dict[str, Schema] | None = None) -> Schema:
    """Return the schema of an object of an answer."""
    return {"type": "object", "properties": {**required, **(optional or {})}, "required": [*required]}


def or_null(schema: Schema) -> Schema:
    """Return the schema of something that may be null."""
    return {"oneOf": [schema, {"type": "null"}]}


OPTIONS: dict[str, tuple[Schema, str]] = {
    "topWords": (whole(*BOUNDS["topWords"]), "How many words `topWords` lists."),
    "encoding": ({"type": "string", "pattern": ENCODING}, "The text's encoding, or `auto`."),
    "errors": ({"type": "string", "enum": ["replace", "strict"]}, "What to do with bytes that are no text."),
    "fresh": ({"type": "boolean"}, "Whether the content is worked on anew though its result is known."),
    "priority": (whole(*BOUNDS["priority"]), "Higher goes first."),
    "timeoutSeconds": (whole(*BOUNDS["timeoutSeconds"]), "How long the work may take."),
    "retries": (whole(*BOUNDS["retries"]), "How often it is tried again."),
    "ttlSecondsAfterFinished": (
        whole(*BOUNDS["ttlSecondsAfterFinished"]),
        "After which the finished request is deleted.",
    ),
    "notifyUrl": (
        {"type": "string", "pattern": f"^{notices.ADDRESS.pattern}$", "maxLength": notices.ADDRESS_LIMIT},
        "Who is told of the end, by a signed POST.",
    ),
    "name": ({"type": "string", "pattern": NEW_NAME}, "The request's name; without it one is made."),
    "filename": ({"type": "string"}, "The file's name to show."),
    "sha256": ({"type": "string", "pattern": DIGEST}, "The content's digest; other content is refused."),
}
"""What may come with an upload: schema and meaning. The names are those of `app/options.py`."""

UPLOAD: tuple[Schema, str] = ({"type": "string", "pattern": DIGEST}, "The SHA-256 of content that is stored.")
KNOWN = {*options.SPEC_FIELDS, *options.OTHER_FIELDS}

PARAMETERS: dict[str, tuple[Schema, str]] = {
    "phase": ({"type": "string", "enum": list(PHASES)}, "Show this phase only."),
    "limit": (whole(1, PAGE_LIMIT), "Requests on a page; 100 if left out."),
    "continue": ({"type": "string"}, "Go on where the last page ended."),
    "wait": (
        {"type": "string", "pattern": "^([0-9]|[1-5][0-9]|60)s?$"},
        f"Answer only when the request has ended, or after so many seconds (at most {LONGEST_WAIT}).",
    ),
    "format": ({"type": "string", "enum": list(FORMATS)}, "JSON if left out."),
    "contains": ({"type": "string", "maxLength": LONGEST}, "Rows whose word contains this; not for Arrow."),
    "shown": ({"type": "string", "pattern": f"^({'|'.join(PHASES)})?$"}, "Show this phase only; blank shows all."),
    "part": ({"type": "string"}, "Show requests with this in their name or their file's."),
    "page": (whole(1, 10_000), "The page of the list."),
    "deleted": ({"type": "string"}, "A request of which the page says that it is deleted."),
    "words": ({"type": "string"}, "Show the words of the table that contain this."),
    "rows": (whole(0, LIMIT), "Rows of the table at the most; not for Arrow."),
    "offset": (whole(0, LIMIT), "Rows to pass over, of those that fit `contains`; not for Arrow."),
    "first": (whole(0, MOST_TOKENS), "The position of the first token; 0 if left out."),
    "tokens": (whole(0, MOST_TOKENS), "Tokens at the most."),
    "seconds": (whole(1, 604_800), "How long the link lives; 3600 if left out."),
}


READY: Schema = shape(
    {
        "status": {"type": "string", "const": "ok"},
        "uploads": shape({"taken": {"type": "boolean"}}, {"detail": {"type": "string"}}),
        "free": shape({"bytes": {"type": "integer"}}, {"files": {"type": "integer"}}),
    }
)


LEADER: Schema = shape(
    {"name": {"type": "string"}, "since": or_null(TIME), "renewedAt": or_null(TIME), "current": {"type": "boolean"}}
)
STATUS: Schema = shape(
    {
        "namespace": {"type": "string"},
        "waiting": {"type": ["integer", "null"]},
        "operator": shape(
            {
                "leader": or_null(LEADER),
                "namespaces": {"type": ["array", "null"], "items": {"type": "string"}},
                "servesThis": {"type": ["boolean", "null"]},
            }
        ),
    }
)


def components() -> dict[str, Schema]:
    """Return every named schema."""
    word = shape({"word": {"type": "string"}, "count": COUNT})
    file = shape({"bytes": COUNT, "sha256": {"type": "string"}})
    condition = shape(
        {name: {"type": "string"} for name in ("type", "status")},
        {"reason": {"type": "string"}, "message": {"type": "string"}, "lastTransitionTime": TIME},
    )
    table = shape({"path": {"type": "string"}}, {"formatVersion": COUNT, "csv": file, "arrow": file})
    result = shape(
        {"bytes": COUNT, "tokens": COUNT, "distinctWords": COUNT},
        {"topWords": {"type": "array", "items": ref("Word")}, "table": table},
    )
    text = {"type": ["string", "null"]}
    request = shape(
        {
            "name": {"type": "string"},
            "createdAt": or_null(TIME),
            "phase": {"type": "string", "enum": list(PHASES)},
            "progress": shape(
                {"percent": whole(0, 100)},
                {"bytesDone": COUNT, "bytesTotal": COUNT, "bytesPerSecond": COUNT, "observedAt": TIME},
            ),
            "conditions": {"type": "array", "items": ref("Condition")},
            "input": shape({"name": text, "bytes": {"type": ["integer", "null"]}, "sha256": text}),
            "result": or_null(ref("Result")),
            "links": {"type": "object", "additionalProperties": {"type": "string"}},
        },
        {"queue": shape({"place": COUNT, "waiting": COUNT})},
    )
    stored = {name: schema for name, (schema, _) in {"upload": UPLOAD, **OPTIONS}.items()}
    return {
        "Word": word,
        "Condition": condition,
        "Result": result,
        "Request": request,
        "Requests": shape({"items": {"type": "array", "items": ref("Request")}, "continue": text}),
        "Stored": {"type": "object", "properties": stored, "required": ["upload"], "additionalProperties": False},
        "Form": _form({name: schema for name, (schema, _) in OPTIONS.items()}),
        "PageForm": _form({name: _or_blank(schema) for name, (schema, _) in OPTIONS.items()}),
        "Link": shape({"href": {"type": "string"}, "expiresAt": TIME}),
        "Health": shape({"status": {"type": "string", "const": "ok"}}),
        "Ready": READY,
        "Status": STATUS,
        "Problem": shape(
            {name: {"type": "string"} for name in ("type", "title", "detail", "reason", "hint")}
            | {"status": whole(400, 599), "retryable": {"type": "boolean"}, "requestId": {"type": ["string", "null"]}}
        ),
    }


def _form(options: dict[str, Schema]) -> Schema:
    return {
        "type": "object",
        "properties": {"file": {"type": "string", "format": "binary"}, **options},
        "required": ["file"],
        "additionalProperties": False,
    }


def _or_blank(schema: Schema) -> Schema:
    """Return the schema of a field that counts as not given where it is left blank, as browsers send it."""
    return {"anyOf": [schema, {"type": "string", "maxLength": 0}]}
