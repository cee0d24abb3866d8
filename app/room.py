"""What the routes share: settings, volume, cluster, metrics, watch, limits, door. One room belongs to one application.

It hangs on the application and not in a module, so that two applications in one process (as tests make them) share
nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from flask import Flask, current_app

from app.access import Doorkeeper
from app.admission import Admission
from app.background import Background
from app.cluster import Cluster
from app.leader import Leader
from app.metrics import Metrics
from app.open_uploads import OpenUploads
from app.resumable import Shelf
from app.settings import Settings
from app.streams import Places
from app.verifying import Verifier
from app.vocabularies import Vocabularies
from app.volume import Volume
from app.watch import Watch

_KEY = "textmill"


@dataclass(frozen=True)
class Room:
    """The parts that `create_app` put together."""

    settings: Settings
    volume: Volume
    cluster: Cluster
    metrics: Metrics
    watch: Watch
    leader: Leader
    places: Places
    admission: Admission
    shelf: Shelf
    open_uploads: OpenUploads
    door: Doorkeeper
    background: Background
    verifier: Verifier
    vocabularies: Vocabularies


def attach(application: Flask, made: Room) -> None:
    """Hang the room on its application."""
    application.extensions[_KEY] = made


def room() -> Room:
    """Return the room of the application that serves the current request."""
    return of_application(current_app)


def of_application(application: Flask) -> Room:
    """Return the room of an application."""
    return cast(Room, application.extensions[_KEY])
