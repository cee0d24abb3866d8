"""Where a listener with no host (`:5000`) listens: everywhere, over IPv6 and IPv4.

A pod of an IPv6-only cluster has no IPv4 address, and a node may have IPv6 switched off, so neither address alone will
do. One socket on `[::]` takes IPv4 as well unless the system keeps the two apart; then each has a socket of its own.
The addresses are settled here, before anything is bound; nothing here listens.
"""

from __future__ import annotations

import socket
from collections.abc import Callable


def mapped() -> bool | None:
    """Tell whether a new socket for IPv6 takes IPv4 as well; None where there is no IPv6."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::", 0))
            return not probe.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
    except OSError:
        return None


def addresses(listen: str, both: Callable[[], bool | None] = mapped) -> list[str]:
    """Return the addresses to bind to, of which a HOST:PORT with a host is the only one."""
    host, _, port = listen.rpartition(":")
    if host or not port.isdecimal():
        return [listen]
    takes_both = both()
    if takes_both is None:
        return [f"0.0.0.0:{port}"]
    return [f"[::]:{port}"] if takes_both else [f"[::]:{port}", f"0.0.0.0:{port}"]
