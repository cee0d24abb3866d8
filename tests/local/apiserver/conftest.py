"""A server of our own whose flags the test chooses."""

from __future__ import annotations

from local import kubeconfig
from tests.contract.client import Client
from tests.contract.server import Server


def client(server: Server) -> Client:
    """A client of a server."""
    return Client(kubeconfig.load(server.kubeconfig))
