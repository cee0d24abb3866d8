"""Turns every error into one shape: `application/problem+json` (RFC 9457) with reason and hint.

Three kinds arrive here: the room's own errors, those of the web framework (unknown route, wrong method) and anything
unforeseen, which is logged with its traceback and answered without it. The page shows the same problem as a page
where a browser asks for one.
"""

from __future__ import annotations

import logging
from typing import Any

from flask import Flask, Response, current_app, g, json, render_template, request
from flask_limiter import RateLimitExceeded
from werkzeug.exceptions import HTTPException

from app import rates
from app.errors import (
    AppError,
    BodyBroken,
    FieldsTooLarge,
    MediaTypeUnsupported,
    MethodNotAllowed,
    RangeUnsatisfiable,
    RouteUnknown,
)
from app.room import room

MEDIA_TYPE = "application/problem+json"
WAITING = (429, 503, 507)
"""The statuses that come with Retry-After."""
TYPE_PREFIX = "tag:textmill.dev,2026:problem:"
_log = logging.getLogger("textmill.api")
_FRAMEWORK: dict[int, tuple[type[AppError], str]] = {
    400: (BodyBroken, "The request cannot be read."),
    404: (RouteUnknown, "There is nothing at this address."),
    405: (MethodNotAllowed, "This address does not take the method that was used."),
    413: (FieldsTooLarge, "The body is larger than this address takes."),
    415: (MediaTypeUnsupported, "This address does not take a body of that type."),
    416: (RangeUnsatisfiable, "The range that was asked for is not within the file."),
}

_HEADERS = ("Allow", "Content-Range", "Retry-After")
"""What a client needs of the framework's own headers."""


def problem(error: AppError) -> dict[str, Any]:
    """Return the problem document of an error."""
    return document(
        reason=error.reason,
        title=error.title,
        status=error.status,
        detail=error.detail,
        hint=error.hint,
        retryable=error.retryable,
        request_id=g.get("request_id"),
        **error.members,
    )


def document(
    *,
    reason: str,
    title: str,
    status: int,
    detail: str,
    hint: str,
    retryable: bool,
    request_id: str | None,
    **more: Any,
) -> dict[str, Any]:
    """Return a problem document from its parts."""
    return {
        "type": TYPE_PREFIX + reason,
        "title": title,
        "status": status,
        "detail": detail,
        "reason": reason,
        "hint": hint,
        "retryable": retryable,
        "requestId": request_id,
        **more,
    }


def register(application: Flask) -> None:
    """Have every error of this application answered here."""
    application.register_error_handler(AppError, _ours)
    application.register_error_handler(RateLimitExceeded, _too_often)
    application.register_error_handler(HTTPException, _of_framework)
    application.register_error_handler(Exception, _unforeseen)


def _ours(error: AppError) -> Response:
    room().metrics.problems.labels(error.reason).inc()
    if error.status >= 500:
        _log.warning("answered with an error", extra={"reason": error.reason, "detail": error.detail})
    told = problem(error)
    if request.blueprint in (None, "page", "session") and _wants_page():
        answer = Response(_page(error, told), mimetype="text/html")
    else:
        answer = Response(json.dumps(told), mimetype=MEDIA_TYPE)
    answer.status_code = error.status
    answer.headers.extend(error.headers)
    if error.status in WAITING:
        answer.headers.setdefault("Retry-After", str(room().settings.retry_after))
    return answer


def _page(error: AppError, told: dict[str, Any]) -> str:
    if error.status == 401:
        return render_template("sign-in.html", problem=told, on=True)
    return render_template("problem.html", problem=told)


def _too_often(error: RateLimitExceeded) -> Response:
    return _ours(rates.refusal(error, current_app.extensions["textmill-limiter"]))


def _wants_page() -> bool:
    return request.accept_mimetypes.best_match([MEDIA_TYPE, "application/json", "text/html"]) == "text/html"


def _of_framework(error: HTTPException) -> Response:
    code = error.code or 500
    kind, detail = _FRAMEWORK.get(code, (AppError, error.name))
    headers = {name: value for name, value in error.get_headers() if name in _HEADERS}
    return _ours(kind(detail, headers=headers))


def _unforeseen(error: Exception) -> Response:
    _log.error("unforeseen error", exc_info=error)
    return _ours(AppError("The service met an error that it did not foresee."))
