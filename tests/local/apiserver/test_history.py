"""A short memory: what is forgotten is gone, and bookmarks keep quiet watches young."""

from __future__ import annotations

from pathlib import Path

from tests.contract.server import serving
from tests.local.apiserver.conftest import client

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"


def test_forgotten_past_is_gone(tmp_path: Path) -> None:
    with serving(tmp_path, "--history", "3") as server:
        api = client(server)
        first = api.create(CONFIG_MAPS, {"metadata": {"name": "a"}}).version
        for name in "bcd":
            api.create(CONFIG_MAPS, {"metadata": {"name": name}})
        page = api.get(CONFIG_MAPS, limit=1).body["metadata"]["continue"]
        with api.watching(CONFIG_MAPS, resourceVersion=first) as events:
            assert [next(events)["object"]["metadata"]["name"] for _ in "bcd"] == ["b", "c", "d"]
        for name in "efgh":
            api.create(CONFIG_MAPS, {"metadata": {"name": name}})
        with api.watching(CONFIG_MAPS, resourceVersion=first) as events:
            assert next(events)["object"]["code"] == 410
        late = api.get(CONFIG_MAPS, limit=1, **{"continue": page})
        assert (late.status, late.reason) == (410, "Expired")


def test_version_of_the_future_is_refused(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        api = client(server)
        future = int(api.get(CONFIG_MAPS).version) + 1_000_000_000
        answer = api.get(CONFIG_MAPS, resourceVersion=future)
        assert (answer.status, answer.reason) == (504, "Timeout")


def test_quiet_watch_hears_bookmarks(tmp_path: Path) -> None:
    with serving(tmp_path, "--bookmark-seconds", "0.2") as server:
        api = client(server)
        since = api.get(CONFIG_MAPS).version
        api.create("/api/v1/namespaces/default/secrets", {"metadata": {"name": "elsewhere"}})
        with api.watching(CONFIG_MAPS, resourceVersion=since, allowWatchBookmarks="true") as events:
            event = next(events)
        assert (event["type"], event["object"]["kind"]) == ("BOOKMARK", "ConfigMap")
        assert int(event["object"]["metadata"]["resourceVersion"]) > int(since)
