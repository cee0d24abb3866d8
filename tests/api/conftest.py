"""One application for each test: its own volume in a temporary folder, its own cluster in memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry

from app import create_app
from tests.api.fake_cluster import FakeCluster


@pytest.fixture
def cluster() -> FakeCluster:
    """Return a cluster that lives in memory."""
    return FakeCluster()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return where the volume lies."""
    return tmp_path / "volume"


@pytest.fixture
def registry() -> CollectorRegistry:
    """Return the registry of this test's metrics."""
    return CollectorRegistry()


@pytest.fixture
def make(root: Path, cluster: FakeCluster, registry: CollectorRegistry) -> Callable[..., Flask]:
    """Return a maker of applications over this test's volume and cluster, with settings by name."""

    def made(**settings: object) -> Flask:
        config = {"TEXTMILL_VOLUME": root, "TEXTMILL_READY_CACHE_SECONDS": 0, **settings}
        return create_app(config, cluster=cluster, registry=registry)

    return made


@pytest.fixture
def client(make: Callable[..., Flask]) -> FlaskClient:
    """Return a client of an application with default settings."""
    return make().test_client()
