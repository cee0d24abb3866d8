"""What an operator of the model sees of one kind of object: a watch that lags, and its own answers at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.planner.api import Kind
from tests.planner.cluster import Cluster


@dataclass
class View:
    """What a leader sees of one kind. floor: the version up to which a key is known; older events are ignored."""

    kind: Kind
    items: dict[Any, Any] = field(default_factory=dict)
    floor: dict[Any, int] = field(default_factory=dict)
    position: int = 0

    def relist(self, cluster: Cluster) -> None:
        """Begin with a full list."""
        self.position, self.items = 0, {}
        self.advance(cluster, len(cluster.history[self.kind]))

    def advance(self, cluster: Cluster, events: int) -> None:
        """Take the next events of the watch."""
        for key, thing, version, _ in cluster.history[self.kind][self.position : self.position + events]:
            self.own(key, thing, version)
            self.position += 1

    def keep_up(self, cluster: Cluster, age: float) -> None:
        """Take all events that are older than this."""
        rest = cluster.history[self.kind][self.position :]
        self.advance(cluster, sum(1 for *_, at in rest if at < cluster.now - age))

    def own(self, key: Any, thing: Any, version: int) -> None:
        """Take what an answer of the API says, unless something newer is known."""
        if version < self.floor.get(key, 0):
            return
        self.floor[key] = version
        if thing is None:
            self.items.pop(key, None)
        else:
            self.items[key] = thing
