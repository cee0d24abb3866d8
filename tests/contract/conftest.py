"""The API server under test, a namespace for each test, and kubectl as people run it."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local import kubeconfig
from tests.contract import widgets
from tests.contract.client import Client
from tests.contract.server import serving, until

Kubectl = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def config(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The kubeconfig of the target: the one that TEXTMILL_TEST_KUBECONFIG names, else of a server of our own."""
    if given := os.environ.get("TEXTMILL_TEST_KUBECONFIG"):
        yield Path(given)
        return
    with serving(tmp_path_factory.mktemp("contract")) as server:
        yield server.kubeconfig


@pytest.fixture(scope="session")
def api(config: Path) -> Client:
    """A client of the target."""
    return Client(kubeconfig.load(config))


@pytest.fixture
def namespace(api: Client) -> Iterator[str]:
    """A namespace that goes after the test; nobody waits for that."""
    name = f"test-{uuid.uuid4().hex[:10]}"
    api.create("/api/v1/namespaces", {"metadata": {"name": name}})
    yield name
    api.delete(f"/api/v1/namespaces/{name}")


@pytest.fixture(scope="session")
def widget_kind(api: Client) -> str:
    """The collection of a custom kind over all namespaces, once it is served."""
    answer = api.call("POST", widgets.DEFINITIONS, widgets.definition())
    assert answer.status in (201, 409), answer.body
    until(lambda: api.get(widgets.ALL).status == 200)
    return widgets.ALL


@pytest.fixture
def home(widget_kind: str, namespace: str) -> str:
    """The collection of widgets in the test's namespace."""
    return widgets.collection(namespace)


@pytest.fixture
def config_maps(namespace: str) -> str:
    """The collection of ConfigMaps in the test's namespace."""
    return f"/api/v1/namespaces/{namespace}/configmaps"


@pytest.fixture
def kubectl(config: Path, namespace: str, tmp_path: Path) -> Kubectl:
    """Run kubectl in the test's namespace; it must succeed unless `ok=False`."""
    command = [str(Path(sys.executable).with_name("kubectl")), "--kubeconfig", str(config), "--namespace", namespace]
    command += ["--cache-dir", str(tmp_path / "cache")]

    def run(
        *arguments: str, ok: bool = True, text: str | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        found = subprocess.run(
            [*command, *arguments],
            input=text,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), **environment},
        )
        assert (found.returncode == 0) is ok, found.stdout + found.stderr
        return found

    return run
