"""The way straight to Kubernetes: the resource, its events and its pods' logs, with a person's own rights.

There is no volume this way, so a text goes inline, which the definition holds to 16,384 characters, and of the words
there are those in the status. What does not fit is refused with the way that would do it; nothing is cut silently.
The answers are the domain's own form, so they look as they do over HTTP.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import time
from collections.abc import Iterator, Sequence
from typing import Any

from textmill import names, reports
from textmill.answers import answer
from textmill.leading import leading
from textmill.queue_place import WaitingList, waiting_rank
from textmill_cli.errors import NotFound, NotOffered, Refused
from textmill_cli.kubernetes_client import Api
from textmill_cli.patience import Patience
from textmill_cli.service import Answer, Progress, Upload, failure, has_ended
from textmill_cli.watching import LAST_LOOK, looked_at

INLINE = 16_384
PAGE = 500
LOOKED = 5000
"""Requests at work that are looked through for a place in the queue."""
_OVER_HTTP = "Go over HTTP: --server URL."
_NUMBERS = ("topWords", "priority", "timeoutSeconds", "retries", "ttlSecondsAfterFinished")


class KubernetesService:
    """The requests of one namespace."""

    def __init__(self, api: Api, patience: Patience) -> None:
        self._api = api
        self._patience = patience

    def describe(self) -> str:
        """Say in a few words what this is, for messages."""
        return f"namespace {self._api.namespace} at {self._api.address}"

    def close(self) -> None:
        """Let go of the connections."""
        self._api.close()

    def submit(self, upload: Upload, progress: Progress) -> Answer:
        """Make a request with the text in it; the same key finds the request that it made before."""
        wanted = _manifest(upload)

        def attempt() -> Answer:
            try:
                return answer(self._api.create(wanted))
            except self._api.Taken:
                return answer(_same(self._api.get(upload.name), wanted))

        made = self._patience.keep_trying(attempt)
        progress(upload.size)
        return made

    def get(self, name: str) -> Answer:
        """Return one request."""
        return answer(self._body(name))

    def placed(self, answer: Answer) -> Answer:
        """Return a request with its place in the queue, unless more requests are at work than are worth a look."""
        body = self._body(answer["name"])
        rank = waiting_rank(body)
        queue = None if rank is None else self._queue()
        if rank is None or queue is None:
            return answer
        return answer | {"queue": queue.place(answer["name"], rank).to_dict()}

    def status(self) -> Answer:
        """Return who leads the operator, which namespaces it serves, and how many requests wait (None: unknown)."""
        leases = self._patience.keep_trying(self._api.leases)
        found = {one["metadata"]["name"]: one for one in leases if leading(one).namespaces}
        if not found:
            raise NotFound(
                f"No operator has noted what it serves on a Lease in namespace {self._api.namespace}.",
                hint="Name the operator's own namespace: -n NAMESPACE.",
            )
        lease = found.get(names.LEASE) or found[min(found)]
        queue = self._queue()
        operator = leading(lease).to_dict(self._api.namespace, time.time())
        return {
            "namespace": self._api.namespace,
            "waiting": None if queue is None else len(queue),
            "operator": operator,
        }

    def _queue(self) -> WaitingList | None:
        """Return the requests that wait, None where more are at work than LOOKED."""
        queue, token = WaitingList(), ""
        for _ in range(LOOKED // PAGE):
            page = self._patience.keep_trying(lambda token=token: self._api.page(names.LIVE, PAGE, token))  # type: ignore[misc]  # mypy knows no defaults of lambdas
            for body in page["items"]:
                queue.put(body["metadata"]["name"], waiting_rank(body))
            token = (page.get("metadata") or {}).get("continue") or ""
            if not token:
                return queue
        return None

    def listing(self, phase: str, limit: int) -> Iterator[Answer]:
        """Yield up to `limit` requests, all of them for 0; in one phase, or in any for an empty one."""
        fields, token, left = f"status.phase={phase}" if phase else "", "", limit
        while True:
            size = min(PAGE, left) if limit else PAGE
            page = self._patience.keep_trying(lambda size=size, token=token: self._api.page(fields, size, token))  # type: ignore[misc]  # mypy knows no defaults of lambdas
            yield from map(answer, page["items"])
            left -= len(page["items"])
            token = (page.get("metadata") or {}).get("continue") or ""
            if not token or (limit and left <= 0):
                return

    def words(self, name: str, form: str, limit: int | None) -> Iterator[bytes]:
        """Yield the words that stand in the status; NotOffered where more are asked for."""
        found = self.get(name)
        if not has_ended(found):
            raise Refused(f"The request {name!r} is in phase {found['phase']}.", reason="NotFinished")
        result = found.get("result")
        if not result:
            raise Refused(failure(found)[1] or f"The request {name!r} has no result.", reason="RequestFailed")
        top = result.get("topWords") or []
        wanted = result["distinctWords"] if limit is None else min(limit, result["distinctWords"])
        if form == "arrow" or wanted > len(top):
            raise NotOffered(f"Kubernetes holds the {len(top)} most frequent words of {name} only.", hint=_OVER_HTTP)
        yield _csv(top[:wanted]) if form == "csv" else json.dumps(top[:wanted], ensure_ascii=False).encode() + b"\n"

    def cancel(self, name: str) -> None:
        """Stop a request and delete it."""
        self._patience.keep_trying(lambda: self._api.delete(name))

    def watch(self, names: Sequence[str], deadline: float | None) -> Iterator[Answer]:
        """Yield each request as it is now and after each change, until all have ended; TooSlow after the deadline."""
        return looked_at(self.get, names, self._patience, deadline)

    def logs(self, name: str, *, follow: bool) -> Iterator[str]:
        """Yield the request's events, and what its pods say while they are there."""
        told: dict[str, int] = {}
        while True:
            body = self._body(name)
            for source, lines in self._sources(body):
                yield from lines[told.get(source, 0) :]
                told[source] = max(told.get(source, 0), len(lines))
            if not follow or has_ended(answer(body)):
                return
            self._patience.wait(LAST_LOOK / 4, None, [name])

    def _sources(self, body: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
        events = self._patience.keep_trying(lambda: self._api.events(body["metadata"]["uid"]))
        events.sort(key=lambda one: one.get("lastTimestamp") or one.get("eventTime") or "")
        yield "events", [f"event {one.get('reason')}: {one.get('message')}" for one in events]
        jobs = [
            one["name"] for one in ((body.get("status") or {}).get("jobs") or {}).values() if one and one.get("name")
        ]
        for pod in self._patience.keep_trying(lambda: self._api.pods(jobs)) if jobs else []:
            lines = self._patience.keep_trying(lambda pod=pod: self._api.log(pod))  # type: ignore[misc]  # mypy knows no defaults of lambdas
            yield pod, [f"{pod}: {line}" for line in lines if not line.startswith((reports.PREFIX, reports.SEAL))]

    def _body(self, name: str) -> dict[str, Any]:
        return self._patience.keep_trying(lambda: self._api.get(name))


def _manifest(upload: Upload) -> dict[str, Any]:
    upload.file.seek(0)
    content = upload.file.read(4 * INLINE + 1)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    if len(text) > INLINE or len(content) > 4 * INLINE or (content and not text) or "\0" in text:
        raise NotOffered(
            f"{upload.shown} cannot go straight to Kubernetes: only UTF-8 text of at most {INLINE} characters can.",
            reason="TextNotInline",
            hint=_OVER_HTTP,
        )
    spec: dict[str, Any] = {"input": {"inline": text, "name": upload.shown}}
    spec |= {name: _typed(name, value) for name, value in upload.options.items()}
    digest = hashlib.sha256(upload.key.encode("utf-8", "surrogateescape")).hexdigest()
    return {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND,
        "metadata": {"name": upload.name, "annotations": {names.KEY_ANNOTATION: digest}},
        "spec": spec,
    }


def _same(found: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """Return the request that holds the name, if it is the one that this upload made before."""
    name = wanted["metadata"]["name"]
    theirs = (found["metadata"].get("annotations") or {}).get(names.KEY_ANNOTATION)
    if theirs != wanted["metadata"]["annotations"][names.KEY_ANNOTATION]:
        raise Refused(f"There is already a request named {name!r}.", reason="NameTaken", hint="Choose another name.")
    if any(found["spec"].get(field) != value for field, value in wanted["spec"].items()):
        raise Refused(
            f"This key was used for the request {name!r}, which is another.",
            reason="KeyReused",
            hint="Use a new key for another text or other options.",
        )
    return found


def _csv(words: Sequence[dict[str, Any]]) -> bytes:
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerows([("word", "count"), *((one["word"], one["count"]) for one in words)])
    return lines.getvalue().encode()


def _typed(name: str, value: str) -> str | int | bool:
    if name == "fresh":
        return value == "true"
    return int(value) if name in _NUMBERS else value
