"""The way over HTTP: the API's routes, as `docs/api.md` promises them.

A file is streamed and never held in memory; one that changes its length under way is noticed. A redirection is not
followed: the token would go to whoever is named there. A token is not sent in clear text to another machine either.
The answers' shape is trusted only as far as an error message goes: what is missing becomes ServiceBroken.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from http.client import responses
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError

from textmill_cli.connections import BLOCK, Connections
from textmill_cli.errors import CliError, Denied, NotFound, NotOffered, Refused, RequestFailed
from textmill_cli.patience import Later, Patience
from textmill_cli.resuming import WORTH_IT, Resumable
from textmill_cli.service import Answer, Progress, Upload
from textmill_cli.streaming import Streamed
from textmill_cli.watching import looked_at

PAGE = 500
_BY_STATUS = {401: Denied, 403: Denied, 404: NotFound}
_LATER = {408, 425, 429, 500, 502, 503, 504}
_OTHERS = {"RequestFailed": RequestFailed, "RouteUnknown": NotOffered, "MethodNotAllowed": NotOffered}


class HttpService:
    """A Textmill behind an address."""

    def __init__(self, connections: Connections, patience: Patience) -> None:
        self._connections = connections
        self._patience = patience
        self._tags: dict[str, str] = {}

    def describe(self) -> str:
        """Say in a few words what this is, for messages."""
        return f"the service at {self._connections.address}"

    def close(self) -> None:
        """Let go of the connections."""
        self._connections.close()

    def submit(self, upload: Upload, progress: Progress) -> Answer:
        """Send a text, telling `progress` how many bytes went; return its request."""
        if upload.size > WORTH_IT:
            with suppress(NotOffered):  # an older service
                return self.get(Resumable(self._call, upload, progress, self._patience).send())
        query = {**upload.options, "name": upload.name}
        headers = {
            "Idempotency-Key": upload.key,
            "X-Filename": quote(upload.shown),
            "Content-Type": "application/octet-stream",
            "Content-Length": str(upload.size),
        }

        def attempt() -> Answer:
            body = Streamed(upload.file, upload.size, progress)
            try:
                return self._answer("POST", "/upload", query, body=body, headers=headers)
            except Stored as stored:
                return self._make_of_stored(stored.body, upload.key)
            except Exception:
                body.take_back()
                raise

        return self._patience.keep_trying(attempt)

    def get(self, name: str) -> Answer:
        """Return one request."""

        def attempt() -> Answer:
            response = self._call("GET", _path(name))
            self._tags[name] = response.headers.get("ETag", "")
            return self._request(self._parsed(response))

        return self._patience.keep_trying(attempt)

    def placed(self, answer: Answer) -> Answer:
        """Return a request with its place in the queue, which the service tells by itself."""
        return answer

    def status(self) -> Answer:
        """Return who leads the operator, which namespaces it serves, and how many requests wait (None: unknown)."""
        found = self._patience.keep_trying(lambda: self._json("GET", "/status"))
        if not isinstance(found.get("operator"), dict):
            raise CliError(f"{self.describe()} sent something that is no status.")
        return found

    def listing(self, phase: str, limit: int) -> Iterator[Answer]:
        """Yield up to `limit` requests, all of them for 0; in one phase, or in any for an empty one."""
        asked, left = {"phase": phase, "limit": "", "continue": ""}, limit
        while True:
            asked["limit"] = str(min(PAGE, left) if limit else PAGE)
            query = {name: value for name, value in asked.items() if value}
            page = self._patience.keep_trying(lambda query=query: self._json("GET", "/requests", query))  # type: ignore[misc]  # mypy knows no defaults of lambdas
            items = page.get("items")
            if not isinstance(items, list):
                raise CliError(f"{self.describe()} sent a list without items.")
            yield from items
            left -= len(items)
            asked["continue"] = page.get("continue") or ""
            if not asked["continue"] or (limit and left <= 0):
                return

    def words(self, name: str, form: str, limit: int | None) -> Iterator[bytes]:
        """Yield the table of words as json, csv or arrow."""
        query = {"format": form} | ({} if limit is None else {"limit": str(limit)})
        response = self._patience.keep_trying(lambda: self._call("GET", f"{_path(name)}/words", query))
        with closing(response):
            try:
                yield from response.stream(BLOCK)
            except HTTPError as error:
                raise CliError(f"The table broke off: {type(error).__name__}.", hint="Ask for it again.") from error

    def cancel(self, name: str) -> None:
        """Stop a request and delete it."""
        self._patience.keep_trying(lambda: self._call("DELETE", _path(name)).release_conn())

    def watch(self, names: Sequence[str], deadline: float | None) -> Iterator[Answer]:
        """Yield each request as it is now and after each change, until all have ended; TooSlow after the deadline."""
        return looked_at(self.get, names, self._patience, deadline, self._held)

    def _held(self, name: str, seconds: float) -> None:
        """Have the service hold its answer back until the request is another than we know; the next look tells it."""
        if seconds < 1:
            return
        try:
            _content(
                self._connections.open(
                    "GET", f"{_path(name)}?wait={int(seconds)}s", headers={"If-None-Match": self._tags.get(name, "")}
                )
            )
        except CliError:
            return

    def logs(self, name: str, *, follow: bool) -> Iterator[str]:  # noqa: ARG002 - the protocol has it
        """Refuse: the logs of pods are Kubernetes' own to give."""
        raise NotOffered(
            f"{self.describe()} does not give the logs of {name}.",
            hint="Logs come straight from Kubernetes: textmill --kubeconfig FILE logs NAME.",
        )

    def _make_of_stored(self, body: Mapping[str, Any], key: str) -> Answer:
        content = json.dumps(body).encode()
        headers = {"Idempotency-Key": key, "Content-Type": "application/json"}
        return self._patience.keep_trying(lambda: self._answer("POST", "/requests", body=content, headers=headers))

    def _answer(self, method: str, path: str, query: Mapping[str, str] | None = None, **more: Any) -> Answer:
        return self._request(self._json(method, path, query, **more))

    def _request(self, answer: Answer) -> Answer:
        if not isinstance(answer.get("name"), str) or not isinstance(answer.get("phase"), str):
            raise CliError(f"{self.describe()} sent something that is no request.")
        return answer

    def _json(self, method: str, path: str, query: Mapping[str, str] | None = None, **more: Any) -> Answer:
        return self._parsed(self._call(method, path, query, **more))

    def _parsed(self, response: BaseHTTPResponse) -> Answer:
        try:
            answer = json.loads(_content(response))
        except ValueError as error:
            raise CliError(f"{self.describe()} sent something that is no JSON.") from error
        if not isinstance(answer, dict):
            raise CliError(f"{self.describe()} sent something that is no object.")
        return answer

    def _call(self, method: str, path: str, query: Mapping[str, str] | None = None, **more: Any) -> BaseHTTPResponse:
        """Return a good answer, its body not yet read; raise what any other one means."""
        response = self._connections.open(method, path + (f"?{urlencode(query)}" if query else ""), **more)
        if response.status < 300:
            return response
        with closing(response):
            raise self._refusal(response)

    def _refusal(self, response: BaseHTTPResponse) -> CliError:
        status = response.status
        if status < 400:
            place = urlsplit(response.headers.get("Location", ""))
            return Refused(
                f"{self.describe()} sends us elsewhere ({status}), which is not followed.",
                hint=f"Give the right address: --server {place.scheme}://{place.netloc}" if place.netloc else "",
            )
        told = _problem(response)
        title = f"{responses.get(status, 'an error')} ({status})"
        message = str(told.get("detail") or f"{self.describe()} answered: {title}.")
        reason, hint = str(told.get("reason") or ""), str(told.get("hint") or "")
        following = told.get("next")
        if status == 503 and isinstance(following, dict) and isinstance(following.get("body"), dict):
            return Stored(message, following["body"])
        if status in _LATER:
            return Later(message, reason=reason, hint=hint, after=_seconds(response.headers.get("Retry-After")))
        if status >= 500:
            return CliError(message, reason=reason, hint=hint)
        if status == 404 and not reason:
            return CliError(f"{self.describe()} has nothing at this address: is it Textmill's?", hint=hint)
        kind = _OTHERS.get(reason, _BY_STATUS.get(status, Refused))
        return kind(message, reason=reason, hint="" if kind is NotFound else hint)


class Stored(Later):
    """The content is stored, only the request for it could not be made yet; `body` makes it."""

    def __init__(self, message: str, body: Mapping[str, Any]) -> None:
        super().__init__(message, reason="ClusterAway")
        self.body = body


def _path(name: str) -> str:
    return f"/requests/{quote(name, safe='')}"


def _content(response: BaseHTTPResponse, most: int = 64 << 20) -> bytes:
    """Read an answer that is to be understood, up to a size that no honest one has."""
    try:
        content = response.read(most)
        response.release_conn()
    except HTTPError as error:
        raise Later(f"The answer broke off: {type(error).__name__}.") from error
    return content


def _problem(response: BaseHTTPResponse) -> Mapping[str, Any]:
    try:
        told = json.loads(_content(response, 1 << 20))
    except (ValueError, Later):
        return {}
    return told if isinstance(told, dict) else {}


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.isascii() and text.isdigit() else None
