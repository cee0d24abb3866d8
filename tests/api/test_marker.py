"""The HTTP interface notes on a volume that it marks which namespace it is of, by the uid; never on another's."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from flask import Flask

from app.cluster import Denied
from app.tree import NAMESPACE_UID
from tests.api.fake_cluster import FakeCluster
from textmill import layout


def _noted(root: Path) -> object:
    return json.loads((root / layout.MARKER).read_text("utf-8")).get(NAMESPACE_UID)


def test_uid_is_noted_on_a_new_volume_once(make: Callable[..., Flask], cluster: FakeCluster, root: Path) -> None:
    client = make().test_client()
    assert _noted(root) is None

    for _ in range(3):
        assert client.get("/readyz").status_code == 200

    assert _noted(root) == cluster.uid
    assert cluster.calls.count("namespace_uid") == 1


def test_cluster_that_is_away_at_first_is_asked_again(
    make: Callable[..., Flask], cluster: FakeCluster, root: Path
) -> None:
    client = make().test_client()
    cluster.away()
    assert client.get("/readyz").status_code == 503
    cluster.back()
    assert client.get("/readyz").status_code == 200

    assert _noted(root) == cluster.uid


def test_volume_that_was_marked_before_or_holds_something_is_left_as_it_is(
    make: Callable[..., Flask], cluster: FakeCluster, root: Path
) -> None:
    make()
    assert make().test_client().get("/readyz").status_code == 200  # another process than the one that marked it
    assert _noted(root) is None

    (root / layout.MARKER).unlink()  # whose the folders are is not known any more
    assert make().test_client().get("/readyz").status_code == 200
    assert _noted(root) is None
    assert "namespace_uid" not in cluster.calls


def test_account_that_may_not_read_its_namespace_is_ready_all_the_same(
    make: Callable[..., Flask], cluster: FakeCluster, root: Path
) -> None:
    def denied() -> str:
        cluster.calls.append("namespace_uid")
        raise Denied("namespaces is forbidden")

    cluster.namespace_uid = denied  # type: ignore[method-assign]  # for this test
    client = make().test_client()
    assert [client.get("/readyz").status_code for _ in range(3)] == [200] * 3

    assert _noted(root) is None
    assert cluster.calls.count("namespace_uid") == 1
