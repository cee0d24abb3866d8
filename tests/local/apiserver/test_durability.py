"""kill -9 loses nothing that was answered, and no version ever goes back."""

from __future__ import annotations

import contextlib
import http.client
import threading
from pathlib import Path

import pytest

from tests.contract import widgets
from tests.contract.server import serving, until
from tests.local.apiserver.conftest import client

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"


def test_killed_server_keeps_all_that_was_answered(tmp_path: Path) -> None:
    answered: list[tuple[str, int]] = []
    with serving(tmp_path) as server:
        api = client(server)

        def write(worker: int) -> None:
            with contextlib.suppress(OSError, http.client.HTTPException):
                for i in range(10_000):
                    made = api.create(CONFIG_MAPS, {"metadata": {"name": f"w{worker}-{i}"}})
                    answered.append((made.body["metadata"]["name"], int(made.version)))

        threads = [threading.Thread(target=write, args=(worker,)) for worker in range(4)]
        for thread in threads:
            thread.start()
        until(lambda: len(answered) >= 100)
        server.kill()
        for thread in threads:
            thread.join()
    with serving(tmp_path) as server:
        found = client(server).get(CONFIG_MAPS)
        kept = {item["metadata"]["name"]: int(item["metadata"]["resourceVersion"]) for item in found.body["items"]}
    assert [(name, kept.get(name)) for name, _ in answered] == answered
    assert int(found.version) >= max(version for _, version in answered)


def test_custom_kind_and_token_survive(tmp_path: Path) -> None:
    path = widgets.collection("default")
    with serving(tmp_path) as server:
        before = client(server)
        before.create(widgets.DEFINITIONS, widgets.definition())
        before.create(path, widgets.widget())
        before.patch(f"{path}/one/status", {"status": {"settled": True}})
        server.kill()
    with serving(tmp_path) as server:
        after = client(server)
        assert after.access.headers == before.access.headers
        assert after.get(path, fieldSelector="status.settled=true").names == ["one"]
        assert after.call("POST", path, widgets.widget("bad", size=0)).status == 422


def test_watch_goes_on_over_a_restart(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        last = client(server).create(CONFIG_MAPS, {"metadata": {"name": "before"}}).version
        server.kill()
    with serving(tmp_path) as server:
        api = client(server)
        made = api.create(CONFIG_MAPS, {"metadata": {"name": "after"}})
        assert int(made.version) > int(last)
        with api.watching(CONFIG_MAPS, resourceVersion=last) as events:
            assert next(events)["object"]["metadata"]["name"] == "after"


def test_polite_stop_ends_open_watches(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        api = client(server)
        with api.watching(CONFIG_MAPS, resourceVersion=api.get(CONFIG_MAPS).version) as events:
            assert server.stop() == 0
            assert list(events) == []
        assert not server.ready.exists()


def test_second_server_on_the_same_state_is_refused(tmp_path: Path) -> None:
    with serving(tmp_path) as first:
        state = str(tmp_path / "state")
        with pytest.raises(AssertionError, match="database is locked"), serving(tmp_path / "other", "--state", state):
            pass
        assert client(first).get("/readyz").message == "ok"
