"""A listener with no host serves IPv6 and IPv4, and IPv4 alone where IPv6 is off."""

from __future__ import annotations

import http.client
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from app.health_listener import Served, serve_health
from app.listening import addresses
from app.rates import network
from tests.api import live
from tests.contract.server import PATIENCE


@pytest.mark.parametrize(
    ("listen", "both", "wanted"),
    [
        (":5000", True, ["[::]:5000"]),
        (":5000", False, ["[::]:5000", "0.0.0.0:5000"]),
        (":5000", None, ["0.0.0.0:5000"]),
        ("127.0.0.1:0", True, ["127.0.0.1:0"]),
        ("[::1]:0", None, ["[::1]:0"]),
        ("unix:/run/textmill", True, ["unix:/run/textmill"]),
    ],
)
def test_no_host_is_every_address_that_there_is(listen: str, both: bool | None, wanted: list[str]) -> None:
    assert addresses(listen, lambda: both) == wanted


def _application(_: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [])
    return []


@pytest.mark.parametrize(("mapped", "hosts"), [(True, ["127.0.0.1", "::1"]), (None, ["127.0.0.1"])])
def test_probes_are_answered_over_what_there_is(
    mapped: bool | None, hosts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.health_listener.addresses", lambda address: addresses(address, lambda: mapped))
    server = serve_health(":0", _application, Served())
    try:
        for host in hosts:
            connection = http.client.HTTPConnection(host, server.server_port, timeout=PATIENCE)
            connection.request("GET", "/healthz")
            assert connection.getresponse().status == 200
            connection.close()
    finally:
        server.shutdown()
        server.server_close()


def test_ipv4_clients_on_an_ipv6_socket_are_told_apart() -> None:
    assert network("::ffff:192.0.2.1") == network("192.0.2.1")
    assert network("::ffff:192.0.2.1") != network("::ffff:192.0.2.2")


def test_interface_is_reached_over_both(tmp_path: Path) -> None:
    with live.cluster(tmp_path / "cluster") as (config, _), live.serve(tmp_path, config, TEXTMILL_LISTEN=":0") as api:
        for host in ("127.0.0.1", "::1"):
            connection = http.client.HTTPConnection(host, api.port, timeout=PATIENCE)
            connection.request("GET", "/healthz", headers={"Host": "localhost"})
            assert connection.getresponse().status == 200
            connection.close()
