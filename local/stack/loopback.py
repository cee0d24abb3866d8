"""Keeps proxies out of what the stack's parts say to each other.

Whoever works behind a proxy has HTTPS_PROXY and the like in the environment. The parts speak to each other over
loopback, which no proxy reaches, so it is added to the names that need none. What is there already
stays, and so do the proxies themselves: webhooks and traces may need them.
"""

from collections.abc import Mapping

LOOPBACK = ("localhost", "127.0.0.1", "::1")
_NAMES = ("no_proxy", "NO_PROXY")


def no_proxy(environ: Mapping[str, str], *more: str) -> dict[str, str]:
    """Return both spellings of the variable, with the hosts that were in either, loopback and `more`."""
    there = [host.strip() for name in _NAMES for host in environ.get(name, "").split(",")]
    hosts = "*" if "*" in there else ",".join(dict.fromkeys(filter(None, [*there, *LOOPBACK, *more])))
    return dict.fromkeys(_NAMES, hosts)
