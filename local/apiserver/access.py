"""Who may talk to this server: holders of the token, at the address they think they are at, from no web page.

A server on loopback is still in reach of every page that the user's browser shows. A page cannot send our token, but
DNS rebinding gives it our address under its own name: so the Host must be one of ours, and whatever carries an Origin
is refused outright. Health checks need no token, as in Kubernetes.
"""

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .errors import Forbidden, Unauthorized

OPEN_PATHS = frozenset({"/healthz", "/livez", "/readyz", "/version"})
EVERYWHERE = frozenset({"0.0.0.0", "[::]"})  # noqa: S104 - only to recognise what the user asked for
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True, slots=True)
class Access:
    """The door."""

    token: str
    hosts: frozenset[str]

    def check(self, path: str, headers: Mapping[str, str]) -> None:
        """Refuse strangers."""
        host = host_name(headers.get("Host", ""))
        if host not in self.hosts:
            raise Forbidden(f'the Host "{host}" is not one of this server: {", ".join(sorted(self.hosts))}')
        origin = headers.get("Origin")
        if origin is not None:
            raise Forbidden(f'requests of web pages are refused (Origin "{origin[:200]}")')
        if path.rstrip("/") in OPEN_PATHS:  # some clients ask for "/version/"
            return
        scheme, _, token = headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(
            token.strip().encode("utf-8", "surrogateescape"), self.token.encode()
        ):
            raise Unauthorized


def host_name(header: str) -> str:
    """A Host header without its port."""
    header = header.strip().lower()
    if header.startswith("["):
        return header.partition("]")[0] + "]"
    return header.partition(":")[0]


def allowed_hosts(listen: str, extra: Iterable[str]) -> frozenset[str]:
    """The names of this server."""
    own = f"[{listen}]" if ":" in listen else listen
    return frozenset({*LOOPBACK, own.lower(), *(name.lower() for name in extra)} - EVERYWHERE)
