"""Begins to follow requests: a place, the watch, a subscription; and waits for a request's end without a stream.

The order matters: the place comes first, so that a flood of clients costs the cluster nothing, and the subscription
comes before the request is read, so that no change falls between the two. Whoever follows must `close`.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from app import streams
from app.cluster import Body, NotFound
from app.room import Room
from app.view import Subscription, change


@dataclass(frozen=True)
class Following:
    """A place and a subscription."""

    parts: Room
    heard: Subscription

    def close(self) -> None:
        """Give both back."""
        self.heard.close()
        self.parts.places.give_back()

    @contextlib.contextmanager
    def closed_on_error(self) -> Iterator[None]:
        """Give both back where the block fails."""
        try:
            yield
        except BaseException:
            self.close()
            raise


def follow(parts: Room, name: str | None = None) -> Following:
    """Follow one request, or all; TooManyStreams without a place, Away without a picture of the cluster."""
    parts.places.take()
    made = Following(parts, parts.watch.view.subscribe(name))
    with made.closed_on_error():
        streams.begin(parts.watch, parts.settings.cluster_timeout)
    return made


def wait(parts: Room, name: str, seconds: int, read: Callable[[], Body], known: Callable[[Body], bool]) -> Body:
    """Return a request's state as soon as it has ended or is not `known`, or after so many seconds as it is then."""
    until = time.monotonic() + seconds
    with contextlib.closing(follow(parts, name)) as followed:
        body = read()
        for one in streams.states(
            parts.watch, followed.heard, change(body), lambda: max(0.0, until - time.monotonic())
        ):
            if one is not None and one.body is None:
                raise NotFound(f"The request {name!r} was deleted.")
            body = body if one is None or one.body is None else one.body
            if one is None or not known(body):
                break
        return body
