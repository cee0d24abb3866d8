"""Which addresses may be called from inside the cluster, and that what is judged is what is called."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from typing import Any

import pytest

from textmill_operator import outside
from textmill_operator.errors import Misconfigured, NoAnswer, NotAllowed


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",  # noqa: S104 - an address to judge
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "239.1.1.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fc00::1",
        "ff02::1",
        "ff0e::1",
        "2001:db8::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b::169.254.169.254",
        "2002:7f00:1::",
        "2002:a00:1::1",
        "2001:0:1234::1",
    ],
)
def test_address_that_is_not_public_is_refused(address: str) -> None:
    assert not outside.is_allowed(ipaddress.ip_address(address), ())


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"])
def test_public_address_is_allowed(address: str) -> None:
    assert outside.is_allowed(ipaddress.ip_address(address), ())


def test_allowed_network_is_allowed_and_no_other() -> None:
    allowed = outside.networks("10.0.0.0/8, fc00::/7")
    found = [outside.is_allowed(ipaddress.ip_address(one), allowed) for one in ("10.9.9.9", "fd00::1", "192.168.0.1")]
    assert found == [True, True, False]


def test_network_that_is_none_is_named() -> None:
    with pytest.raises(Misconfigured, match=r"'10\.0\.0\.1/8' is no network"):
        outside.networks("127.0.0.0/8, 10.0.0.1/8")


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "127.1", "[::ffff:127.0.0.1]", "localhost"])
async def test_loopback_in_any_writing_is_refused(host: str) -> None:
    with pytest.raises((NotAllowed, NoAnswer)):
        await outside.post(f"http://{host}:9/", b"", {}, seconds=5, allowed=())


@pytest.mark.parametrize(
    "url", ["http://a\\@127.0.0.1/", "http://me@example.org/", "file:///etc/passwd", "http://", "http://[1]/"]
)
async def test_address_that_two_readers_might_read_differently_is_refused(url: str) -> None:
    with pytest.raises(NotAllowed):
        await outside.post(url, b"", {}, seconds=5, allowed=outside.networks("127.0.0.0/8"))


async def test_one_private_address_among_public_ones_refuses_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    both = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, 80)) for one in ("8.8.8.8", "10.0.0.1")]
    _resolve_to(monkeypatch, both)
    with pytest.raises(NotAllowed, match=r"'rebind.example.org' is at 10\.0\.0\.1"):
        await outside.post("http://rebind.example.org/", b"", {}, seconds=5, allowed=())


async def test_name_is_resolved_once_and_its_judged_address_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        asked = _resolve_to(monkeypatch, [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))])
        server.setblocking(False)
        call = asyncio.create_task(
            outside.post(
                f"http://rebind.example.org:{port}/x", b"hello", {}, seconds=10, allowed=outside.networks("127.0.0.0/8")
            )
        )
        loop = asyncio.get_running_loop()
        connection, _ = await loop.sock_accept(server)
        with connection:
            head = await loop.sock_recv(connection, 65_536)
            await loop.sock_sendall(connection, b"HTTP/1.1 202 OK\r\nContent-Length: 0\r\nRetry-After: soon\r\n\r\n")
            assert await call == outside.Answer(202, 0.0)
    assert head.startswith(b"POST /x HTTP/1.1\r\nHost: rebind.example.org")
    assert asked == ["rebind.example.org"]


def _resolve_to(monkeypatch: pytest.MonkeyPatch, answer: list[Any]) -> list[str]:
    """Let every name have these addresses; return the names that are asked for."""
    asked: list[str] = []

    async def resolve(host: str, port: int, **_: Any) -> list[Any]:
        if not host[0].isdigit():
            asked.append(host)
        return answer

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
    return asked
