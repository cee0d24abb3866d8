"""Opens a finished request's table, and says how to get it anew where it is lost or damaged.

A table that is gone, of another size or of other bytes is taken out of what is lent to new requests, and the error
names the call that makes it again.
"""

from __future__ import annotations

import io
import os
from typing import Any, NamedTuple

from app.cluster import Body
from app.errors import AppError, ArtefactInvalid, ResultGone
from app.reuse_labels import table, withdraw
from app.room import Room
from app.verifying import Verification

_OPTIONS = ("topWords", "encoding", "errors")


class Opened(NamedTuple):
    """A table's file, and what is known of its bytes."""

    file: io.FileIO
    verification: Verification


def open_table(parts: Room, body: Body, filename: str, noted: str) -> Opened:
    """Open a file of a request's table; ResultGone or ArtefactInvalid, with the way on, where it cannot be served."""
    try:
        return _opened(parts, body, filename, noted)
    except (ResultGone, ArtefactInvalid) as error:
        parts.background.submit(lambda: withdraw(parts.cluster, body))
        raise _with_way_on(error, body) from error.__cause__


def _opened(parts: Room, body: Body, filename: str, noted: str) -> Opened:
    told = table(body)
    file = parts.volume.open_output(str(told.get("path")), filename)
    try:
        size = os.fstat(file.fileno()).st_size
        if size != told[noted]["bytes"]:
            raise ArtefactInvalid(f"{filename} has {size} bytes where the status says {told[noted]['bytes']}.")
        found = parts.verifier.check(
            file,
            told[noted]["sha256"],
            lambda: parts.background.submit(lambda: withdraw(parts.cluster, body)),
        )
        if found.good is False:
            raise ResultGone(f"{filename} on the volume holds other bytes than the status says.")
    except BaseException:
        file.close()
        raise
    return Opened(file, found)


def _with_way_on(error: AppError, body: Body) -> AppError:
    spec = body.get("spec") or {}
    given = spec.get("input") or {}
    if "upload" not in given:
        return error
    asked: dict[str, Any] = {"upload": given["upload"], "fresh": True}
    asked |= {"filename": given["name"]} if given.get("name") else {}
    asked |= {name: spec[name] for name in _OPTIONS if name in spec}
    error.members |= {
        "next": {"method": "POST", "href": "/requests", "contentType": "application/json", "body": asked},
    }
    return error
