"""Puts one application together: settings, volume, cluster, metrics, guard, problems, a blueprint for each noun.

Whatever is slow or may be missing at the start (the cluster, a volume that is not mounted yet) is not waited for: the
process serves at once, and `/readyz` says what is wrong.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flask import Flask
from prometheus_client import CollectorRegistry
from werkzeug.middleware.proxy_fix import ProxyFix

from app import door, guard, intake, problems, ranges, rates, static_files, traces
from app.access import Doorkeeper
from app.admission import Admission, Queue
from app.background import Background
from app.cluster import Cluster
from app.errors import AppError
from app.kubernetes_cluster import KubernetesCluster
from app.leader import Leader
from app.metrics import Metrics
from app.open_uploads import OpenUploads
from app.page_words import for_people
from app.resumable import Shelf
from app.room import Room, attach
from app.routes import BLUEPRINTS
from app.settings import OFF, Settings
from app.streams import Places
from app.verifying import Verifier
from app.view import View
from app.vocabularies import Vocabularies
from app.volume import Volume
from app.watch import Watch

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

_log = logging.getLogger("textmill.api")


def create_app(
    config: Mapping[str, Any] | None = None,
    *,
    cluster: Cluster | None = None,
    registry: CollectorRegistry | None = None,
    exporter: SpanExporter | None = None,
) -> Flask:
    """Return an application. `config` holds settings by name and goes before the environment."""
    settings = Settings.load(config or {}, os.environ)
    application = Flask("app")
    application.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}  # a quarter of a list's bytes
    application.add_template_filter(for_people)
    application.url_map.strict_slashes = False
    application.url_map.merge_slashes = False
    application.json.sort_keys = False  # type: ignore[attr-defined]  # Flask's default provider has it
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        application.wsgi_app = ProxyFix(application.wsgi_app, x_for=count, x_proto=count)  # type: ignore[method-assign]  # Flask's own way
    volume = Volume(settings.volume, settings.namespace, settings.claim, settings.keep_free)
    attach(application, _room(settings, volume, cluster, Metrics(registry or CollectorRegistry())))
    traces.register(application, exporter, on=settings.traces != OFF)
    guard.register(application)
    ranges.register(application)
    door.register(application)
    application.before_request(intake.park)
    rates.register(application, settings)
    problems.register(application)
    static_files.register(application)
    for blueprint in BLUEPRINTS:
        application.register_blueprint(blueprint)
    try:
        volume.prepare()
    except AppError as error:
        _log.warning("the volume is not ready", extra={"detail": error.detail})
    return application


def _room(settings: Settings, volume: Volume, cluster: Cluster | None, metrics: Metrics) -> Room:
    place = cluster or KubernetesCluster(settings.namespace, settings.cluster_timeout, settings.kubeconfig)
    background, shelf = Background(), Shelf(volume)
    return Room(
        settings=settings,
        volume=volume,
        cluster=place,
        metrics=metrics,
        watch=Watch(place, View(), failed=metrics.watch_failures.inc),
        leader=Leader(place, settings.lease, settings.ready_cache_seconds),
        places=Places(settings.streams, metrics.streams_open),
        door=Doorkeeper(place, settings),
        admission=Admission(settings, Queue(place, settings)),
        shelf=shelf,
        open_uploads=OpenUploads(shelf, settings.resume_seconds),
        background=background,
        verifier=Verifier(background),
        vocabularies=Vocabularies(),
    )
