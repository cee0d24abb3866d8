"""The cluster under test and one release on it that most tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.e2e import release
from tests.e2e.kube import kubectl, run
from tests.e2e.release import Release

HOME = "mill"


@pytest.fixture(scope="session", autouse=True)
def reached() -> None:
    """Fail where there is no cluster: `make e2e` makes one, and nothing here is skipped."""
    if "KUBECONFIG" not in os.environ:
        pytest.fail("these tests need the cluster: run them by `make e2e`", pytrace=False)
    kubectl("version")


@pytest.fixture(scope="session")
def mill() -> Iterator[Release]:
    """The chart as a user installs it, with nothing set but the image and the volume."""
    release.namespace(HOME)
    yield release.install(HOME)
    run("helm", "uninstall", "textmill", f"--namespace={HOME}", "--wait", "--timeout=5m")
    release.clear(HOME)
