"""How often one client may ask, by Flask-Limiter; off unless a setting names a rate.

A client is the user that a token names, else the address that the request came from (of IPv6 its network of 64 bits,
since one machine has all of that). The counts lie in this process, or in Redis where replicas must count together;
while Redis is away each counts for itself. Probes are never limited: a kubelet must not take a busy API for a dead one.
"""

from __future__ import annotations

import ipaddress
import math
import time

from flask import Flask, g, request
from flask_limiter import ApplicationLimit, Limiter, RateLimitExceeded

from app.errors import AppError, RateExceeded
from app.settings import Settings

PROBES = frozenset({"health.healthz", "health.readyz", "health.metrics"})
BEGINS = frozenset({"uploads.upload", "uploads.request_for_stored", "page.send", "resumable.create"})
"""What begins an upload, or makes a request of content that came in before."""


def client() -> str:
    """Return whom the current request comes from."""
    return g.get("user") or network(request.remote_addr or "nobody")


def register(application: Flask, settings: Settings) -> None:
    """Count the requests of this application, after everything that is registered already has let them pass."""
    rules = []
    if settings.rate_limit:
        rules.append(ApplicationLimit(settings.rate_limit, key_function=client, scope="all", exempt_when=_is_probe))
    if settings.rate_uploads:
        rules.append(
            ApplicationLimit(settings.rate_uploads, key_function=client, scope="uploads", exempt_when=_is_no_upload)
        )
    limiter = Limiter(
        client,
        application_limits=list(rules),
        storage_uri=settings.rate_storage,
        strategy="sliding-window-counter",
        in_memory_fallback_enabled=True,
        key_prefix="textmill",
        enabled=bool(rules),
    )
    limiter.init_app(application)
    application.extensions["textmill-limiter"] = limiter


def refusal(error: RateLimitExceeded, limiter: Limiter) -> AppError:
    """Return what is said to a client that asks too often, with the seconds until it may again."""
    breached = limiter.current_limit
    seconds = max(1, math.ceil(breached.reset_at - time.time())) if breached else 1
    return RateExceeded(f"More than {error.limit.limit} came from this client.", headers={"Retry-After": str(seconds)})


def network(address: str) -> str:
    """Return what an address is counted under."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:  # so a socket for both kinds calls it
        return str(found.ipv4_mapped)
    if found.version == 4:
        return address
    return str(ipaddress.ip_network((found, 64), strict=False).network_address)


def _is_probe() -> bool:
    return request.endpoint in PROBES


def _is_no_upload() -> bool:
    return request.method != "POST" or request.endpoint not in BEGINS
