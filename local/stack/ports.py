"""Which ports a stack takes, and that the system gives them to nobody meanwhile, also between two starts of a part.

A port that is only looked up may be given to any connection of the machine before the part that it is for binds it.
So each is kept bound, without listening: Linux then gives it to nobody who asks for any port, but lets whoever names it
listen there, as the part does. Other systems would refuse the part, and are left with the risk.
"""

import errno
import os
import socket
import sys
from types import TracebackType
from typing import Self

from local.errors import PortTaken

TRIED = 100


class Ports:
    """The ports of one stack, kept for it until this is left."""

    def __init__(self) -> None:
        """None is taken yet."""
        self._kept: dict[int, socket.socket] = {}

    def __enter__(self) -> Self:
        """Keep what is taken from now on."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give all back."""
        for one in self._kept.values():
            one.close()
        self._kept.clear()

    def take(self, host: str, wanted: int, *, exactly: bool = False) -> int:
        """Return the wanted port, or where it need not be exactly that the next one that is free; 0 takes any."""
        if wanted == 0:
            return self._bind(host, 0)
        if not 0 < wanted < 65536:
            raise PortTaken(f"{wanted} is no port", "give one from 1 to 65535 by PORT=")
        last = min(wanted + (1 if exactly else TRIED), 65536) - 1
        for port in range(wanted, last + 1):
            try:
                return self._bind(host, port)
            except PermissionError as error:
                raise PortTaken(
                    f"there is no right to listen at port {port}", "give one above 1023 by PORT="
                ) from error
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise PortTaken(f"{host} is no address of this machine: {error.strerror}") from error
        if exactly:
            raise PortTaken(f"port {wanted} is taken", "stop what listens there, or give another by PORT=")
        raise PortTaken(f"none of the ports {wanted} to {last} is free", "give another by PORT=")

    def _bind(self, host: str, port: int) -> int:
        if port in self._kept:
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
        one = socket.socket()
        try:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind((host, port))
            found = int(one.getsockname()[1])
        except BaseException:
            one.close()
            raise
        if sys.platform == "linux":
            self._kept[found] = one
        else:
            one.close()
        return found
