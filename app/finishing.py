"""Makes a request of a resumable upload whose bytes are all here (or in its parts): once, whatever dies in between.

Each step is recorded before the next and can be done again: the digest, then the content's address, then the request,
whose name was chosen at the creation and whose key is the upload's own, so that a second attempt finds the first one's.
Any later call about the upload goes on where it stopped; a start of the API does so for all that nobody asks about.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from app.creation import create
from app.errors import AppError, DigestMismatch, TooLarge
from app.options import Options
from app.piece_errors import PartsUnfinished, PiecesMissing
from app.resumable import Upload
from app.room import Room
from app.traces import current

AGAIN_SECONDS = 15.0
_log = logging.getLogger("textmill.resumable")


def finish(parts: Room, upload: Upload) -> None:
    """Make the request, if all bytes are here and it was not made before; the upload then names it."""
    if upload.info.partial or upload.info.request is not None:
        return
    if upload.info.parts and not upload.whole:
        _join(parts, upload)
    if not upload.whole:
        return
    first = upload.info.digest is None
    if first and upload.info.sha256 not in (None, upload.digest()):
        raise DigestMismatch(f"sha256 says {upload.info.sha256}, the content that came has {upload.digest()}.")
    stored = upload.publish()
    if stored is None:
        raise PiecesMissing("The content came whole once, but is not on the volume any more.")
    if first:
        parts.metrics.upload_bytes.inc(stored.size)
    info = upload.info
    asked = Options(spec=info.spec, name=info.name)
    made = create(parts.cluster, stored, info.shown, asked, key=info.key, user=info.user, trace=current())
    if not made.replayed:
        parts.admission.made(stored.size)
    upload.save(request=made.body["metadata"]["name"])
    for identity in info.parts:
        _drop(parts, identity)


def _join(parts: Room, target: Upload) -> None:
    target.cut(0)
    for identity in target.info.parts:
        with parts.shelf.held(identity) as one:
            check_part(one)
            for block in one.blocks():
                target.append(block)
    target.sync()


def lengths(parts: Room, identities: tuple[str, ...], limit: int) -> int:
    """Return how long the parts are together; PartsUnfinished where one is not whole."""
    total = 0
    for identity in identities:
        with parts.shelf.held(identity) as one:
            check_part(one)
            total += one.info.length
    if total > limit:
        raise TooLarge(f"The parts have {total} bytes together; at most {limit} are taken here.")
    return total


def check_part(one: Upload) -> None:
    """Raise PartsUnfinished unless this is a part, and whole."""
    if not one.info.partial or not one.whole:
        raise PartsUnfinished(f"The upload {one.identity!r} is no part, or not whole.")


def finish_all(parts: Room) -> tuple[int, bool]:
    """Go on where a crash stopped; return how many uploads became requests now, and whether to try again later."""
    count, again = 0, False
    for identity in parts.shelf.identities():
        try:
            with parts.shelf.held(identity, patience=0) as upload:
                before = upload.info.request
                finish(parts, upload)
                count += before is None and upload.info.request is not None
        except AppError as error:
            again = again or error.status in (429, 503)
            _log.info("left for later", extra={"reason": error.reason, "detail": error.detail})
    return count, again


def keep_finishing(parts: Room, pause: Callable[[float], bool]) -> None:
    """Do so at the start of the API, until nothing is left that only the cluster's absence or a quota holds up."""
    while finish_all(parts)[1] and not pause(AGAIN_SECONDS):
        pass


def _drop(parts: Room, identity: str) -> None:
    try:
        with parts.shelf.held(identity, patience=0) as one:
            one.remove()
    except AppError as error:
        _log.debug("a part stays until it expires", extra={"detail": error.detail})
