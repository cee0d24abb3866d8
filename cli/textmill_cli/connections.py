"""Connections to one address: TLS, proxies, the token, and how long a silence may last.

Everything that touches the network over HTTP is here, so that what must never happen is in one place too: a token in
clear text over a network, a redirection followed, a certificate not checked.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from urllib3 import BaseHTTPResponse, PoolManager, ProxyManager, Timeout
from urllib3.exceptions import HTTPError, LocationValueError, MaxRetryError, SSLError

from textmill.loopback import is_loopback
from textmill_cli.errors import Away, Denied, FileUnusable, Refused
from textmill_cli.patience import Later

BLOCK = 1 << 18
CONNECT_SECONDS, SILENCE_SECONDS = 10.0, 300.0
_START_IT = "Start it with `make run` in a checkout, or name another address: --server URL, or TEXTMILL_SERVER."


class Connections:
    """Calls to the service at one address."""

    def __init__(self, address: str, token: str | None, ca_file: Path | None) -> None:
        self.address = address.rstrip("/")
        parts = _checked(self.address)
        is_local = is_loopback(self.address)
        if token and parts.scheme == "http" and not is_local:
            raise Denied(
                f"The token is not sent to {parts.hostname} in clear text.",
                reason="TokenInClearText",
                hint="Give an https:// address.",
            )
        self._headers = {"User-Agent": f"textmill-cli/{own_version()}", "Accept": "application/json, */*;q=0.1"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._pool = _pool(parts.scheme, parts.hostname or "", ca_file, is_local=is_local)
        self._hint = _START_IT if is_local else ""

    def open(
        self, method: str, path: str, *, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> BaseHTTPResponse:
        """Send one call; return its answer as soon as the head is there. Later where trying again may help."""
        try:
            return self._pool.request(
                method,
                self.address + path,
                body=body,
                headers={**self._headers, **(headers or {})},
                redirect=False,
                preload_content=False,
            )
        except HTTPError as error:
            cause = error.reason if isinstance(error, MaxRetryError) else error
            if isinstance(cause, SSLError):
                raise Away(
                    f"{self.address} cannot be trusted: {cause}",
                    reason="CertificateRefused",
                    hint="Name the authority that signed its certificate: --ca-file FILE.",
                ) from error
            raise Later(f"No answer from {self.address} ({why(error)}).", hint=self._hint) from error

    def close(self) -> None:
        """Let go of every connection."""
        self._pool.clear()


def why(error: Exception) -> str:
    """Return in a few words what kept a call from its answer."""
    cause = error.reason if isinstance(error, MaxRetryError) else error
    told = getattr(getattr(cause, "__cause__", None), "strerror", None) or getattr(cause, "strerror", None)
    return str(told or type(cause).__name__)


def own_version() -> str:
    """Return the version that is installed; "0" where this runs from its source."""
    try:
        return version("textmill")
    except PackageNotFoundError:
        return "0"


def _checked(address: str) -> Any:
    try:
        parts = urlsplit(address)
        fits = parts.scheme in ("http", "https") and parts.hostname and not parts.query and not parts.fragment
        usable = fits and parts.username is None and parts.port != 0
    except ValueError:
        parts, usable = urlsplit(""), False
    if not usable:
        raise Refused(
            f"{address[:200]!r} is no address of a service.",
            reason="AddressInvalid",
            hint="Write it like https://textmill.example.com, without user, query or fragment.",
        )
    return parts


def _pool(scheme: str, host: str, ca_file: Path | None, *, is_local: bool) -> PoolManager:
    context = None
    if scheme == "https":
        try:
            context = ssl.create_default_context(cafile=ca_file)
        except (OSError, ssl.SSLError) as error:
            raise FileUnusable(f"{ca_file} holds no certificates that can be used: {error}") from error
    timeout = Timeout(connect=CONNECT_SECONDS, read=SILENCE_SECONDS)
    options: dict[str, Any] = {"timeout": timeout, "retries": False, "blocksize": BLOCK, "ssl_context": context}
    proxy = None if is_local or proxy_bypass(host) else getproxies().get(scheme)
    try:
        return ProxyManager(proxy, **options) if proxy else PoolManager(**options)
    except LocationValueError as error:
        raise Refused(f"The proxy's address cannot be used: {proxy!r}.", reason="AddressInvalid") from error
