"""A control plane without a node: what the contract suite and our own kubelet need of a real Kubernetes, and no root.

etcd and the API server, if asked the controller manager and scheduler too, on free ports of loopback. It lives
as long as the command that it is for, and its folder with it.
"""

import os
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from cluster import binaries, keys, parts
from cluster.keeper import Keeper
from cluster.places import Places, cache

ADDRESS = "127.0.0.1"


@contextmanager
def running(folder: Path, *, with_controllers: bool) -> Iterator[Places]:
    """Run a control plane in a folder that is empty."""
    programs = binaries.build(cache(os.environ), binaries.CONTROL_PLANE)
    places = Places(folder)
    with kept_ports() as ports:
        tokens = keys.make(places.keys, names=parts.names(ADDRESS))
        places.config.mkdir()
        for part, token in tokens.items():
            path = places.kubeconfig if part == "admin" else places.config / f"{part}.kubeconfig"
            keys.kubeconfig(path, f"https://{ADDRESS}:{ports.server}", places.keys / "ca.crt", token)
        keeper = Keeper(places)
        try:
            keeper.start(parts.control_plane(places, programs, ports, with_controllers=with_controllers))
            yield places
        finally:
            keeper.stop()


def run(command: list[str], *, with_controllers: bool) -> int:
    """Run a command beside a control plane; KUBECONFIG and TEXTMILL_TEST_KUBECONFIG tell it where that is."""
    with ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="textmill-plane-")))
        places = held.enter_context(running(folder, with_controllers=with_controllers))
        config = str(places.kubeconfig)
        environ = {**os.environ, "KUBECONFIG": config, "TEXTMILL_TEST_KUBECONFIG": config}
        return subprocess.run(command, check=False, env=environ).returncode


@contextmanager
def kept_ports() -> Iterator[parts.Ports]:
    """Take ports, each another, that only who names them gets while this lasts.

    A socket that is bound and does not listen lets a part listen at its port, and nobody who asks for any port has it.
    """
    with ExitStack() as held:
        found = []
        for _ in range(5):
            one = held.enter_context(socket.socket())
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind((ADDRESS, 0))
            found.append(int(one.getsockname()[1]))
        server, etcd, etcd_peers, controllers, scheduler = found
        yield parts.Ports(server, etcd, etcd_peers, controllers, scheduler)
