"""An API server with the definition applied, and requests that go when their test ends."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local import kubeconfig
from tests.resource.api import DEFINITIONS, MERGE, Api
from tests.resource.definition import CRD, ROOT, Json

PATIENCE = 30.0
"""Seconds that the API server gets to start and to serve the new kind."""

Make = Callable[..., str]


@pytest.fixture(scope="session")
def config(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The kubeconfig of an API server: the one that TEXTMILL_TEST_KUBECONFIG names, else one of our own."""
    if given := os.environ.get("TEXTMILL_TEST_KUBECONFIG"):
        yield Path(given)
        return
    folder = tmp_path_factory.mktemp("apiserver")
    written, ready = folder / "kubeconfig", folder / "ready"
    command = [sys.executable, "-m", "local.apiserver", "--state", str(folder / "state")]
    command += ["--kubeconfig", str(written), "--ready-file", str(ready)]
    with (folder / "log").open("w+") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        try:
            _until(lambda: process.poll() is not None or ready.exists())
            log.seek(0)
            assert process.poll() is None, f"the API server ended: {log.read()}"
            yield written
        finally:
            process.terminate()
            process.wait(PATIENCE)


@pytest.fixture(scope="session")
def api(config: Path) -> Api:
    """A client of a server that serves the definition."""
    found = Api(kubeconfig.load(config))
    answer = found.call("POST", DEFINITIONS, CRD)
    if answer.status == 409:
        answer = found.call("PATCH", f"{DEFINITIONS}/{CRD['metadata']['name']}", CRD, Content_Type=MERGE)
    assert answer.status in (200, 201), answer.body
    _until(lambda: found.call("GET", found.path()).status == 200)
    return found


@pytest.fixture
def make(api: Api) -> Iterator[Make]:
    """Create requests under names of their own; they are deleted when the test ends."""
    made: list[str] = []

    def _make(spec: Json) -> str:
        name = f"case-{next(_numbers)}"
        answer = api.create(name, spec)
        assert answer.status == 201, answer.body
        made.append(name)
        return name

    yield _make
    for name in made:
        api.call("DELETE", api.path(name))


_numbers = itertools.count()


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited too long for the API server"
        time.sleep(0.02)
