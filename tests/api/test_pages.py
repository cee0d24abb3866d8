"""Lists are read a part at a time, and nothing is kept of inline texts, of which a page could hold 32 MB."""

from __future__ import annotations

import tracemalloc

import pytest
from flask.testing import FlaskClient

from app import pages
from tests.api.fake_cluster import FakeCluster

TEXT = "x" * 65_000


@pytest.fixture
def many(cluster: FakeCluster) -> FakeCluster:
    """Return a cluster with 230 requests, each with a text of 65 kB of its own."""
    for number in range(230):
        given = {"inline": f"{number} {TEXT}"}
        meta = {"name": f"r{number:03d}", "namespace": "default"}
        cluster.create({"metadata": meta, "spec": {"input": given}})
    return cluster


@pytest.mark.parametrize("path", ["/requests?limit=220", "/?page=1"])
def test_long_page_is_read_in_parts_without_its_texts(many: FakeCluster, client: FlaskClient, path: str) -> None:
    client.get(path)  # what is loaded once
    many.calls.clear()
    tracemalloc.start()
    try:
        answer = client.get(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert answer.status_code == 200
    assert many.calls == ["page"] * 3
    assert peak < 140 * len(TEXT)


def test_parts_are_one_page(many: FakeCluster) -> None:
    first = pages.slim_page(many, fields="", limit=220, token="")
    rest = pages.slim_page(many, fields="", limit=220, token=first.token)

    assert [len(one.items) for one in (first, rest)] == [220, 10]
    assert [body["metadata"]["name"] for body in (*first.items, *rest.items)] == many.names()
    assert rest.token == ""
    assert {body["spec"]["input"]["inline"] for body in first.items} == {""}
