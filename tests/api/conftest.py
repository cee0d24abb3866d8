"""One application for each test: its own volume in a temporary folder, its own cluster in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry
from werkzeug.test import TestResponse

from app import create_app
from app.room import of_application
from tests.api import live
from tests.api.fake_cluster import FakeCluster
from tests.contract.client import Client as Kubernetes

Real = tuple[Path, Kubernetes]
"""The kubeconfig of a real API server, and a client of it."""


class Client(FlaskClient):
    """A client that reads each answer to its end, as one on a network does, so that files are closed."""

    def open(self, *args: Any, buffered: bool = True, follow_redirects: bool = False, **kwargs: Any) -> TestResponse:
        """Send a request and return the whole answer."""
        return super().open(*args, buffered=buffered, follow_redirects=follow_redirects, **kwargs)


@pytest.fixture
def cluster() -> FakeCluster:
    """Return a cluster that lives in memory."""
    return FakeCluster()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return where the volume lies."""
    return tmp_path / "volume"


@pytest.fixture
def make(root: Path, cluster: FakeCluster) -> Iterator[Callable[..., Flask]]:
    """Return a maker of applications over this test's volume and cluster, with settings by name."""
    all_made: list[Flask] = []

    def made(**settings: object) -> Flask:
        config = {"TEXTMILL_VOLUME": root, "TEXTMILL_READY_CACHE_SECONDS": 0, **settings}
        application = create_app(config, cluster=cluster, registry=CollectorRegistry())
        application.test_client_class = Client
        all_made.append(application)
        return application

    yield made
    for one in all_made:
        of_application(one).watch.stop()
        of_application(one).background.join()


@pytest.fixture
def client(make: Callable[..., Flask]) -> FlaskClient:
    """Return a client of an application with default settings."""
    return make().test_client()


@pytest.fixture(scope="package")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    """Run one API server that knows the resource, for all tests of this folder that want one."""
    with live.cluster(tmp_path_factory.mktemp("cluster")) as found:
        yield found
