"""Background work of the API server itself: owners, finalizers of cascading deletion, namespaces, definitions."""

import asyncio

from .operations import Operations
from .resources import Registry
from .store import Store


class Collector:
    """Not yet."""

    def __init__(self, store: Store, registry: Registry, operations: Operations) -> None:
        self._store, self._registry, self._operations = store, registry, operations

    async def run(self) -> None:
        """Work until cancelled."""
        await asyncio.Event().wait()
