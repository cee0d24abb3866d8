"""The page's tests share the API's fixtures: one application, one volume, one cluster in memory for each test."""

from __future__ import annotations

from tests.api.conftest import client, cluster, make, root

__all__ = ["client", "cluster", "make", "root"]
