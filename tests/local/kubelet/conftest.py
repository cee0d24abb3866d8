"""One running node for the tests of a module, and a namespace for each test."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator

import pytest

from local import kubeconfig
from local.client import CORE, Client, path
from tests.local.cluster import Cluster, Space, cluster


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """An API server with one kubelet."""
    with cluster(tmp_path_factory.mktemp("node")) as made:
        made.kubelet("--cpu", "4", "--memory", "4Gi", "--max-pods", "20", "--env", "GREETING=hello")
        yield made


@pytest.fixture
async def space(node: Cluster) -> AsyncIterator[Space]:
    """A namespace on that node."""
    async with Client(kubeconfig.load(node.server.kubeconfig), "tests") as api:
        name = f"test-{uuid.uuid4().hex[:8]}"
        await api.create(path(CORE, "namespaces"), {"metadata": {"name": name}})
        yield Space(api, name)
        await api.delete(path(CORE, "namespaces", name=name))
