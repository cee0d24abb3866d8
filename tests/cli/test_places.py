"""The place in the queue straight from Kubernetes: out of a list that is bounded, and no news to who follows."""

from __future__ import annotations

from typing import Any

import pytest

from textmill_cli import kubernetes_service
from textmill_cli.kubernetes_service import KubernetesService
from textmill_cli.patience import Patience
from textmill_cli.watching import looked_at


class Cluster:
    """So many requests that wait, in pages."""

    namespace, address = "n", "nowhere"

    def __init__(self, count: int) -> None:
        self.bodies = [_body(f"r{number}") for number in range(count)]
        self.pages = 0

    def get(self, name: str) -> dict[str, Any]:
        return next(one for one in self.bodies if one["metadata"]["name"] == name)

    def page(self, fields: str, limit: int, token: str) -> dict[str, Any]:
        assert fields == "status.settled!=true"
        self.pages += 1
        start = int(token or 0)
        rest = start + limit < len(self.bodies)
        return {
            "items": self.bodies[start : start + limit],
            "metadata": {"continue": str(start + limit) if rest else ""},
        }


def _body(name: str) -> dict[str, Any]:
    meta = {"uid": f"u-{name}", "name": name, "namespace": "n", "resourceVersion": "1"}
    return {"metadata": meta, "spec": {"input": {"inline": "a"}}}


def _patience() -> Patience:
    return Patience(0.0, lambda _: None)


@pytest.mark.parametrize(("count", "pages", "queue"), [(3, 1, {"place": 2, "waiting": 3}), (9, 3, None)])
def test_place_is_told_unless_too_many_are_at_work(
    monkeypatch: pytest.MonkeyPatch, count: int, pages: int, queue: dict[str, int] | None
) -> None:
    monkeypatch.setattr(kubernetes_service, "PAGE", 2 if queue is None else 500)
    monkeypatch.setattr(kubernetes_service, "LOOKED", 6 if queue is None else 500)
    cluster = Cluster(count)
    service = KubernetesService(cluster, _patience())  # type: ignore[arg-type]  # what it needs of one
    assert service.placed(service.get("r1")).get("queue") == queue
    assert cluster.pages == pages


def test_another_place_is_no_news_to_who_follows() -> None:
    places = iter((9, 8, 7))

    def get(name: str) -> dict[str, Any]:
        place = next(places, None)
        return {"name": name, "phase": "Pending" if place else "Succeeded", "queue": {"place": place}}

    patience = Patience(0.0, lambda _: None, sleep=lambda _: None)
    told = list(looked_at(get, ["a"], patience, None))
    assert [one["phase"] for one in told] == ["Pending", "Succeeded"]
