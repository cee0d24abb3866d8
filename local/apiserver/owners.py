"""Who depends on whom: an index from an owner's uid to its dependents, and what a missing owner means for one.

Pure bookkeeping over committed records; `collector` acts on its verdicts. An owner of a kind that is not served is
taken to be alive: what cannot be looked up is never a reason to delete.
"""

import collections
from dataclasses import dataclass, field

from .codec import Body
from .deletion import FOREGROUND
from .records import Key, Record
from .resources import Registry
from .store import DELETED, Event, Store


@dataclass(slots=True)
class Verdict:
    """The owner references of one object, by what became of their owners."""

    solid: list[Body] = field(default_factory=list)
    waiting: list[Body] = field(default_factory=list)
    dangling: list[Body] = field(default_factory=list)


class Owners:
    """The index."""

    def __init__(self, store: Store, registry: Registry) -> None:
        self._store = store
        self._registry = registry
        self._dependents: dict[str, set[Key]] = collections.defaultdict(set)
        self._places: dict[str, Key] = {}

    def add(self, record: Record) -> None:
        """Take a record that was there at the start."""
        self._places[record.uid] = record.key
        for uid in record.owners:
            self._dependents[uid].add(record.key)

    def follow(self, event: Event) -> None:
        """Take one committed change."""
        record, previous = event.record, event.previous
        if (previous is not None and previous.owners != record.owners) or event.type == DELETED:
            for uid in (previous or record).owners:
                self._forget(uid, record.key)
        if event.type == DELETED:
            self._places.pop(record.uid, None)
        else:
            self.add(record)

    def _forget(self, uid: str, key: Key) -> None:
        found = self._dependents.get(uid)
        if found is not None:
            found.discard(key)
            if not found:
                del self._dependents[uid]

    def dependents(self, uid: str) -> list[Key]:
        """Who names this owner."""
        return sorted(self._dependents.get(uid, ()))

    def place(self, uid: str) -> Key | None:
        """Where the object with a uid is."""
        return self._places.get(uid)

    def judge(self, key: Key, body: Body) -> Verdict:
        """What became of an object's owners."""
        verdict = Verdict()
        for reference in body["metadata"].get("ownerReferences") or ():
            self._sort(reference, key.namespace, verdict)
        return verdict

    def _sort(self, reference: Body, namespace: str, verdict: Verdict) -> None:
        resource = self._registry.of_kind(reference.get("apiVersion", ""), reference.get("kind", ""))
        if resource is None or (resource.namespaced and not namespace):
            verdict.solid.append(reference)
            return
        key = Key(resource.id, namespace if resource.namespaced else "", reference.get("name", ""))
        owner = self._store.get(key)
        if owner is None or owner.uid != reference.get("uid"):
            verdict.dangling.append(reference)
        elif owner.deleting and reference.get("blockOwnerDeletion") and holds(owner, FOREGROUND):
            verdict.waiting.append(reference)
        else:
            verdict.solid.append(reference)


def holds(record: Record, finalizer: str) -> bool:
    """Whether a record has a finalizer."""
    return finalizer in (record.body()["metadata"].get("finalizers") or ())
