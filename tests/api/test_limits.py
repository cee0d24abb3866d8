"""What one client may ask, and how much may wait: each limit refuses with its reason and says when to come."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.admission import Admission
from app.pages import PART
from app.room import Room
from app.settings import BadSetting
from tests.api import tus
from tests.api.asserting import assert_answer, assert_problem, files
from tests.api.fake_cluster import FakeCluster

Make = Callable[..., Flask]
SETTLED = {"phase": "Succeeded", "settled": True}


def _upload(client: FlaskClient, data: bytes = b"text", key: str | None = None) -> TestResponse:
    headers = {"Idempotency-Key": key} if key else {}
    return client.post("/upload", data=data, content_type="text/plain", headers=headers)


def _from(client: FlaskClient, address: str, **headers: str) -> TestResponse:
    return client.get("/requests", environ_base={"REMOTE_ADDR": address}, headers=headers)


def test_client_that_asks_too_often_is_told_when_to_come_again(make: Make) -> None:
    client = make(TEXTMILL_RATE_LIMIT="2 per hour").test_client()
    assert [client.get("/requests").status_code for _ in range(2)] == [200, 200]

    response = client.get("/requests")

    assert "2 per 1 hour" in assert_problem(response, 429, "RateExceeded")["detail"]
    assert 1 <= int(response.headers["Retry-After"]) <= 3601


def test_rate_holds_over_all_addresses_but_probes(make: Make) -> None:
    client = make(TEXTMILL_RATE_LIMIT="1/hour").test_client()
    client.get("/requests/none")

    assert client.get("/").status_code == 429
    assert [client.get(path).status_code for path in ("/healthz", "/readyz", "/metrics")] == [200, 200, 200]


def test_uploads_have_a_rate_of_their_own(make: Make) -> None:
    client = make(TEXTMILL_RATE_UPLOADS="1/hour").test_client()
    assert_answer(_upload(client), 202)

    assert_problem(_upload(client), 429, "RateExceeded")
    assert client.get("/requests").status_code == 200


def test_rate_of_uploads_counts_each_way_to_begin_one_and_nothing_else(make: Make) -> None:
    begins: list[tuple[str, dict[str, str]]] = [
        ("/upload", {}),
        ("/requests", {}),
        ("/", {}),
        ("/uploads", tus.VERSION | {"Upload-Length": "3"}),
    ]
    others: list[tuple[str, dict[str, str]]] = [
        ("/sign-in", {}),
        ("/requests/fox/links", {}),
        ("/view/fox/delete", {}),
        ("/uploads/x", tus.VERSION | {"X-HTTP-Method-Override": "PATCH"}),
    ]
    for path, headers in begins:
        client = make(TEXTMILL_RATE_UPLOADS="1/hour").test_client()
        for other, more in others:
            assert [client.post(other, headers=more).status_code for _ in range(2)].count(429) == 0, other
        assert client.options(path, headers=tus.VERSION).status_code in (200, 204)
        assert client.post(path, headers=headers).status_code != 429
        assert_problem(client.post(path, headers=headers), 429, "RateExceeded")


def test_clients_are_counted_apart_and_an_ipv6_network_as_one(make: Make) -> None:
    client = make(TEXTMILL_RATE_LIMIT="1/hour").test_client()

    statuses = [
        _from(client, address).status_code
        for address in ("192.0.2.1", "192.0.2.2", "192.0.2.1", "2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:1::1")
    ]

    assert statuses == [200, 200, 429, 200, 429, 200]


@pytest.mark.parametrize(("proxies", "second"), [(0, 429), (1, 200)])
def test_address_that_a_proxy_tells_counts_only_if_it_is_trusted(make: Make, proxies: int, second: int) -> None:
    client = make(TEXTMILL_RATE_LIMIT="1/hour", TEXTMILL_TRUSTED_PROXIES=proxies).test_client()
    _from(client, "10.0.0.1", **{"X-Forwarded-For": "192.0.2.1"})

    assert _from(client, "10.0.0.1", **{"X-Forwarded-For": "192.0.2.2"}).status_code == second
    assert _from(client, "10.0.0.1", **{"X-Forwarded-For": "192.0.2.1"}).status_code == 429


def test_store_of_rates_that_is_away_is_replaced_by_this_process(make: Make) -> None:
    client = make(TEXTMILL_RATE_LIMIT="1/hour", TEXTMILL_RATE_STORAGE="redis://127.0.0.1:1").test_client()

    assert client.get("/requests").status_code == 200
    assert_problem(client.get("/requests"), 429, "RateExceeded")


@pytest.mark.parametrize("rate", ["many", "5", "5 per fortnight", "0 per second", "5/second, x"])
def test_rate_that_cannot_be_read_stops_the_start(make: Make, rate: str) -> None:
    with pytest.raises(BadSetting, match="TEXTMILL_RATE_LIMIT"):
        make(TEXTMILL_RATE_LIMIT=rate)


def test_one_client_has_only_so_many_uploads_running(make: Make, root: Path) -> None:
    application = make(TEXTMILL_CLIENT_UPLOADS=1)
    client = application.test_client()
    parts: Room = application.extensions["textmill"]
    with parts.admission.upload("127.0.0.1", 0):
        assert_problem(_upload(client), 429, "UploadsRunning")
        assert files(root) == []
        other = client.post("/upload", data=b"x", environ_base={"REMOTE_ADDR": "192.0.2.1"}, content_type="text/plain")
        assert_answer(other, 202)

    assert_answer(_upload(client), 202)


def test_upload_that_fails_gives_its_place_back(make: Make) -> None:
    client = make(TEXTMILL_CLIENT_UPLOADS=1).test_client()
    assert_problem(client.post("/upload"), 400, "FileMissing")

    assert_answer(_upload(client), 202)


def test_full_queue_takes_nothing_until_a_request_has_finished(make: Make, cluster: FakeCluster, root: Path) -> None:
    client = make(TEXTMILL_QUEUE_REQUESTS=2, TEXTMILL_QUEUE_SECONDS=0).test_client()
    names = [assert_answer(_upload(client, name), 202)["name"] for name in (b"a", b"b")]
    before = files(root)

    assert_problem(_upload(client, b"c"), 429, "QueueFull")
    assert files(root) == before
    cluster.set_status(names[0], SETTLED)
    assert_answer(_upload(client, b"c"), 202)


def test_full_queue_takes_no_request_for_stored_content_either(make: Make, cluster: FakeCluster) -> None:
    client = make(TEXTMILL_QUEUE_REQUESTS=1).test_client()
    digest = assert_answer(_upload(client), 202)["input"]["sha256"]

    assert_problem(client.post("/requests", json={"upload": digest}), 429, "QueueFull")


def test_content_that_waits_has_a_quota_of_bytes(make: Make, cluster: FakeCluster) -> None:
    client = make(TEXTMILL_QUEUE_BYTES=10, TEXTMILL_QUEUE_SECONDS=0).test_client()
    assert_answer(_upload(client, b"six..."), 202)

    assert_problem(_upload(client, b"five."), 507, "QueueBytesFull")
    assert_answer(_upload(client, b"four"), 202)


def test_inline_text_counts_and_what_a_worker_saw_goes_before_the_hint(make: Make, cluster: FakeCluster) -> None:
    meta = {"namespace": "default"}
    cluster.create({"metadata": {**meta, "name": "a"}, "spec": {"input": {"inline": "é"}}})
    cluster.create({"metadata": {**meta, "name": "b"}, "spec": {"input": {"path": "x", "bytes": 1}}})
    cluster.set_status("b", {"phase": "Counting", "input": {"bytes": 5}})
    client = make(TEXTMILL_QUEUE_BYTES=10).test_client()

    assert_problem(_upload(client, b"four"), 507, "QueueBytesFull")
    assert_answer(_upload(client, b"3.."), 202)


def test_count_of_the_queue_is_kept_for_a_while_and_own_requests_are_added(make: Make, cluster: FakeCluster) -> None:
    client = make(TEXTMILL_QUEUE_REQUESTS=3, TEXTMILL_QUEUE_SECONDS=3600).test_client()
    for key in ("same", "same", None, None):
        assert_answer(_upload(client, key=key), 202)

    assert_problem(_upload(client), 429, "QueueFull")
    assert cluster.calls.count("page") == 1


def test_long_queue_is_counted_no_further_than_the_quota(make: Make, cluster: FakeCluster) -> None:
    for number in range(1200):
        cluster.create({"metadata": {"namespace": "default", "name": f"n{number}"}, "spec": {}})
    client = make(TEXTMILL_QUEUE_REQUESTS=600).test_client()

    assert_problem(_upload(client), 429, "QueueFull")
    assert cluster.calls.count("page") == 600 // PART


def test_cluster_that_is_away_lets_content_in(make: Make, cluster: FakeCluster, root: Path) -> None:
    client = make(TEXTMILL_QUEUE_REQUESTS=1).test_client()
    cluster.away()

    assert_problem(_upload(client), 503, "ClusterAway")
    assert len(files(root)) == 1


def test_room_for_the_work_is_kept_free(make: Make, root: Path) -> None:
    client = make(TEXTMILL_KEEP_FREE_BYTES="900T").test_client()

    response = _upload(client)

    assert "are kept for the work" in assert_problem(response, 507, "VolumeFull")["detail"]
    assert response.headers["Retry-After"] == "5"
    assert files(root) == []


def test_upload_of_unknown_length_stops_at_the_room_for_the_work(
    make: Make, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = make().test_client()
    monkeypatch.setattr("app.volume.os.fstatvfs", lambda _: type("Found", (), {"f_bavail": 1, "f_frsize": 4096}))

    assert_answer(_upload(client, bytes(1 << 20)), 202)
    assert_problem(_upload(client, bytes(17 << 20)), 507, "VolumeFull")
    assert len(files(root)) == 1


def test_admission_forgets_clients_that_are_through(make: Make) -> None:
    admission: Admission = make().extensions["textmill"].admission
    with admission.upload("one", 0), admission.upload("one", 0), admission.upload("two", 0):
        pass

    with admission.upload("one", 0):
        assert admission.running() == {"one": 1}
    assert admission.running() == {}
