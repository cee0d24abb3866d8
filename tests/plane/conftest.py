"""One stack on a real control plane for all tests here."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from cluster import binaries
from cluster.places import cache
from tests.bench.stack import Stack, stack

PROGRAM = ("tests.plane",)


@pytest.fixture(scope="session")
def running() -> Iterator[Stack]:
    """The stack; its programs are built first where they are not yet, which takes long."""
    binaries.build(cache(os.environ), binaries.CONTROL_PLANE)
    with stack(PROGRAM, RETRY_SECONDS="0.5", LEASE_SECONDS="3") as one:
        yield one
