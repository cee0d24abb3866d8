"""A big text on its way by tus 1.0: in pieces, each going on where the service says that the last one ended.

What was sent is never sent again, whatever breaks: a connection, the service, or this command, since the upload's place
follows from its key. The key stands for one content: a file's time of change, or else its digest, goes along, so that
the service refuses to go on with another file under it.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from typing import Any, Protocol
from urllib.parse import urlsplit

from urllib3 import BaseHTTPResponse

from textmill_cli.errors import Away, CliError, NotFound, Refused
from textmill_cli.patience import Later, Patience
from textmill_cli.service import Progress, Upload
from textmill_cli.streaming import Streamed

WORTH_IT = 16 << 20
"""Bytes above which a text goes in pieces."""
PIECE = 32 << 20
_LOST = 3
"""How often an upload that the service has lost is begun anew."""
_TUS = {"Tus-Resumable": "1.0.0"}
_ELSEWHERE = frozenset({"OffsetMismatch", "UploadBusy", "ChecksumMismatch", "PartsUnfinished"})


class Call(Protocol):
    """Sends one call and returns a good answer; raises what any other means."""

    def __call__(self, method: str, path: str, **more: Any) -> BaseHTTPResponse: ...


class Resumable:
    """One text that is sent in pieces."""

    def __init__(self, call: Call, upload: Upload, progress: Progress, patience: Patience) -> None:
        self._call, self._upload, self._progress, self._patience = call, upload, progress, patience
        self._address = ""
        self._told = self._offset = 0
        self._known = False
        self._lost = 0

    def send(self) -> str:
        """Send all of it and return the name of the request that the service made of it."""
        try:
            for attempt in self._attempts():
                if name := self._patience.keep_trying(attempt):
                    return name
        except Away as error:
            raise type(error)(error.message, reason=error.reason, hint=f"{error.hint} {self._going_on}") from error
        except KeyboardInterrupt:
            raise KeyboardInterrupt(self._going_on) from None
        raise CliError("The service has all of the text and made no request of it.")

    @property
    def _going_on(self) -> str:
        place = f"{self._offset} of {self._upload.size} bytes"
        return f"This file alone, with the same options and --key {self._upload.key}, goes on at {place}."

    def _attempts(self) -> Iterator[Callable[[], str]]:
        yield self._begin
        while self._offset < self._upload.size:
            yield self._piece
        yield self._look

    def _begin(self) -> str:
        """Find the place of this upload, made now or by an earlier command."""
        upload = self._upload
        told = {"filename": upload.shown, "name": upload.name, **upload.mark, **upload.options}
        headers = {
            "Idempotency-Key": upload.key,
            "Upload-Length": str(upload.size),
            "Upload-Metadata": ",".join(f"{name} {b64encode(text.encode()).decode()}" for name, text in told.items()),
        }
        response = self._ask("POST", "/uploads", headers)
        self._address = urlsplit(response.headers.get("Location", "")).path
        if not self._address:
            raise CliError("The service began an upload and did not say where.")
        return self._stands(response.headers)

    def _look(self) -> str:
        """Ask where the upload stands; the service makes its request then, if all is there."""
        if not self._address:
            return self._begin()
        return self._stands(self._ask("HEAD", self._address, {}).headers)

    def _piece(self) -> str:
        """Send the next piece, from where the service stands. One that arrived in part is progress, and no failure."""
        if not self._known and (name := self._look()):
            return name
        start, self._known = self._offset, False
        try:
            return self._sent()
        except Later:
            name = self._patience.keep_trying(self._look)
            if name or self._offset > start:
                return name
            raise

    def _sent(self) -> str:
        start, size = self._offset, min(PIECE, self._upload.size - self._offset)
        body = Streamed(self._upload.file, size, self._count, start)
        headers = {"Upload-Offset": str(start), "Content-Type": "application/offset+octet-stream"}
        headers["Content-Length"] = str(size)
        try:
            return self._stands(self._ask("PATCH", self._address, headers, body).headers)
        except Refused as error:
            if error.reason in _ELSEWHERE:
                raise Later(error.message, reason=error.reason, hint=error.hint) from error
            raise

    def _ask(self, method: str, path: str, headers: Mapping[str, str], body: Any = b"") -> BaseHTTPResponse:
        try:
            response = self._call(method, path, headers={**_TUS, **headers}, body=body)
        except NotFound as error:
            if error.reason != "PiecesMissing" or self._lost >= _LOST:
                raise
            self._lost, self._address = self._lost + 1, ""
            raise Later(error.message, reason=error.reason, hint=error.hint) from error
        with closing(response):
            return response

    def _stands(self, headers: Mapping[str, str]) -> str:
        """Note where the upload stands; return the name of its request, if there is one already."""
        told = headers.get("Upload-Offset", "")
        if not (told.isascii() and told.isdigit() and int(told) <= self._upload.size):
            raise CliError("The service did not say how much of the upload is there.")
        self._offset, self._known = int(told), True
        self._count(self._offset - self._told)
        return headers.get("Textmill-Request", "")

    def _count(self, step: int) -> None:
        self._told += step
        self._progress(step)
