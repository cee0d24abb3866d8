"""A POST to an address that a stranger has named, from inside the cluster: the one call that does not go to the API.

The name is resolved once, every address that it has is judged, and the connection goes to those addresses and no
other, so a name that changes its mind between look and call gains nothing. No redirect is followed, no proxy, cookie
or credential of this process is used, nothing of the answer is read but its status and Retry-After, and all of it has a
time-out. What is refused: every address that is not public (loopback, private, link-local, shared, multicast,
reserved), also where an IPv6 address carries it inside; settings can allow networks.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from textmill.notices import ADDRESS
from textmill_operator.errors import Misconfigured, NoAnswer, NotAllowed

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_TEREDO = ipaddress.ip_network("2001::/32")
RETRY_AFTER = 24 * 3600


class Answer(NamedTuple):
    """A receiver's answer: its status, and the seconds after which it wants to be asked again."""

    status: int
    retry_after: float


def networks(text: str) -> tuple[Network, ...]:
    """Read a comma-separated list of networks; Misconfigured names the one that is none."""
    found = []
    for word in filter(None, (one.strip() for one in text.split(","))):
        try:
            found.append(ipaddress.ip_network(word))
        except ValueError as error:
            raise Misconfigured(f"{word!r} is no network, such as 10.0.0.0/8") from error
    return tuple(found)


def is_allowed(address: Address, allowed: Sequence[Network]) -> bool:
    """Tell whether this address may be called."""
    inner = _inside(address)
    return all(_is_public(one) or any(one in network for network in allowed) for one in inner)


def _inside(address: Address) -> list[Address]:
    """Return the address that is really reached: an IPv6 address may stand for one of IPv4."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    if address.ipv4_mapped:
        return [address.ipv4_mapped]
    if address in _NAT64:
        return [ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)]
    if address.sixtofour:
        return [address.sixtofour]
    if address in _TEREDO:
        return [ipaddress.IPv4Address("0.0.0.0")]  # noqa: S104 - an address that is never public, no listener
    return [address]


def _is_public(address: Address) -> bool:
    return address.is_global and not address.is_multicast


async def post(
    url: str, content: bytes, headers: Mapping[str, str], *, seconds: float, allowed: Sequence[Network]
) -> Answer:
    """Post; raises NotAllowed where the address is refused and NoAnswer where there is none in time."""
    parts = _parts(url)
    try:
        async with asyncio.timeout(seconds):
            found = await _resolved(
                parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80), allowed
            )
            return await _post(url, content, headers, found)
    except TimeoutError as error:
        raise NoAnswer(f"no answer within {seconds:g} s") from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise NoAnswer(f"no answer: {type(error).__name__}") from error


def _parts(url: str) -> SplitResult:
    if ADDRESS.fullmatch(url):  # else two readers of addresses might see two hosts in it
        with contextlib.suppress(ValueError):  # in brackets, it has what is no address of IPv6
            return urlsplit(url)
    raise NotAllowed("the address is none that a request can name")


async def _resolved(host: str, port: int, allowed: Sequence[Network]) -> list[ResolveResult]:
    loop = asyncio.get_running_loop()
    try:
        infos = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise NoAnswer(f"the name {host[:200]!r} is not known") from error
    found: list[ResolveResult] = []
    for family, _, proto, _, where in infos:
        address = str(where[0])
        if "%" in address or not is_allowed(ipaddress.ip_address(address), allowed):
            raise NotAllowed(f"{host[:200]!r} is at {address}, which is no public address")
        found.append({"hostname": host, "host": address, "port": port, "family": family, "proto": proto, "flags": 0})
    return found


async def _post(url: str, content: bytes, headers: Mapping[str, str], found: list[ResolveResult]) -> Answer:
    connector = aiohttp.TCPConnector(resolver=_Pinned(found), use_dns_cache=False, force_close=True)
    async with (
        aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
        ) as session,
        session.post(url, data=content, headers=headers, allow_redirects=False) as answer,
    ):
        text = answer.headers.get("Retry-After", "")
        seconds = min(int(text), RETRY_AFTER) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
        answer.close()
        return Answer(answer.status, float(seconds))


class _Pinned(AbstractResolver):
    """Knows the addresses that were judged, and asks nobody."""

    def __init__(self, found: list[ResolveResult]) -> None:
        self._found = found

    async def resolve(
        self,
        host: str,  # noqa: ARG002 - the same as was judged
        port: int = 0,  # noqa: ARG002 - the same, too
        family: socket.AddressFamily = socket.AF_INET,  # noqa: ARG002 - every family was judged
    ) -> list[ResolveResult]:
        """Return what was judged."""
        return self._found

    async def close(self) -> None:
        """Nothing is open."""
