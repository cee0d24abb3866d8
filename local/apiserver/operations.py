"""Every change of an object, whoever asks: a client's request or the server's own background work.

Between reading the latest version and queueing the next one there is no await, so a change never meets a rival; the
only thing that is waited for is the disk. A change that changes nothing writes nothing and keeps its resourceVersion.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from . import crds, deletion, metadata
from .admission import WARN, Admission, check, own, shape
from .apply import Applied
from .codec import Body, encode
from .deletion import DeleteOptions
from .errors import AlreadyExists, MethodNotAllowed, NotFound, about
from .ownership import Manager, track
from .records import Key, Record, record
from .resources import Registry, Resource
from .routing import Target
from .store import Store
from .strategies import terminating

Change = Callable[[Body], Body]


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """How a client wants its write done."""

    dry_run: bool = False
    strictness: str = WARN
    manager: Manager = field(default_factory=Manager)
    duplicates: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a write made: the object's bytes, whether it is new, and what the client should be warned of."""

    raw: bytes
    created: bool = False
    warnings: tuple[str, ...] = ()


class Operations:
    """Creates, updates and deletes."""

    def __init__(self, store: Store, registry: Registry) -> None:
        self._store = store
        self._registry = registry

    async def create(self, target: Target, body: Body, options: WriteOptions) -> Outcome:
        """Make a new object."""
        resource = target.resource
        body = metadata.check_type(body, resource)
        metadata.check_place(body, resource, target.namespace, target.name)
        self._check_home(target)
        admission = Admission(resource, strictness=options.strictness, duplicates=options.duplicates)
        warnings = shape(body, admission)
        own(body, admission)
        if resource.id == crds.ID:
            crds.establish(body, self._registry)
        check(body, admission)
        key = Key(resource.id, target.namespace, body["metadata"]["name"])
        if self._store.latest(key) is not None:
            name = key.name
            raise AlreadyExists(
                f'{resource.id} "{name}" already exists', details=about(name, resource.group, resource.plural)
            )
        _set_owners(body, track(body, None, [], resource, options.manager, target.subresource))
        raw = await self._write(key, resource, body, options.dry_run)
        return Outcome(raw, True, tuple(warnings))

    def _check_home(self, target: Target) -> None:
        """Refuse to create where the namespace or the type is missing or on its way out."""
        if target.resource.custom:
            definition = self._store.latest(Key(crds.ID, "", target.resource.id))
            if definition is None or definition.deleting:
                raise MethodNotAllowed(f"create not allowed while {target.resource.id} is being deleted")
        if not target.resource.namespaced:
            return
        home = self._store.latest(Key("namespaces", "", target.namespace))
        if home is None:
            raise NotFound("namespaces", target.namespace)
        if home.deleting:
            raise terminating(target.namespace)

    async def update(self, target: Target, body: Body, options: WriteOptions) -> Outcome:
        """Replace an object, or one of its doors."""
        metadata.check_place(metadata.check_type(body, target.resource), target.resource, target.namespace, target.name)
        return await self.change(target, lambda _: body, options)

    async def change(self, target: Target, change: Change, options: WriteOptions) -> Outcome:
        """Compute the next version from the latest one; `change` gets a copy that it may spoil."""
        resource = target.resource
        former = self.latest(target)
        old = former.body()
        old["apiVersion"] = resource.api_version
        body = metadata.check_type(change(former.body() | {"apiVersion": resource.api_version}), resource)
        metadata.check_place(body, resource, target.namespace, target.name)
        owners = old["metadata"].pop("managedFields", [])
        body["metadata"].pop("managedFields", None)
        admission = Admission(resource, old, target.subresource, options.strictness, options.duplicates)
        warnings = shape(body, admission)
        own(body, admission)
        if resource.id == crds.ID and not target.subresource:
            crds.establish(body, self._registry)
        check(body, admission)
        changed, now_owners = body != old, owners
        if changed or options.manager.applied is not None:
            now_owners = track(body, old, owners, resource, options.manager, target.subresource)
        if not changed and now_owners == owners:
            return Outcome(former.raw, warnings=tuple(warnings))
        _set_owners(body, now_owners)
        if deletion.released(resource, body):
            raw = await self._remove(former, body, options.dry_run)
        else:
            raw = await self._write(former.key, resource, body, options.dry_run)
        return Outcome(raw, warnings=tuple(warnings))

    async def apply(self, target: Target, applied: Applied, options: WriteOptions) -> Outcome:
        """Server-side apply: merge what its manager wants, or make the object of it."""
        key = Key(target.resource.id, target.namespace, target.name)
        former = self._store.latest(key)
        if former is None:
            return await self._apply_new(target, applied, options)
        return await self.change(target, applied.merge, options)

    async def _apply_new(self, target: Target, applied: Applied, options: WriteOptions) -> Outcome:
        if target.subresource:
            raise NotFound(target.resource.id, target.name, target.resource.group)
        body = applied.fresh()
        body.setdefault("metadata", {})["name"] = target.name
        return await self.create(target, body, options)

    async def delete(self, target: Target, wanted: DeleteOptions) -> tuple[bytes, bool]:
        """Delete an object; whether it is gone, with its last state."""
        former = self.latest(target)
        body = former.body()
        deletion.check(target.resource, body, wanted)
        was_marked = former.deleting
        if target.resource.id == crds.ID and not was_marked:
            finalizers = body["metadata"].setdefault("finalizers", [])
            if crds.CLEANUP not in finalizers:
                finalizers.append(crds.CLEANUP)
        if deletion.mark(target.resource, body, wanted):
            return await self._remove(former, body, wanted.dry_run), True
        if body == former.body():
            return former.raw, False
        return await self._write(former.key, target.resource, body, wanted.dry_run), False

    def latest(self, target: Target) -> Record:
        """The newest version of an object that must be there."""
        found = self._store.latest(Key(target.resource.id, target.namespace, target.name))
        if found is None:
            raise NotFound(target.resource.id, target.name, target.resource.group)
        return found

    async def _write(self, key: Key, resource: Resource, body: Body, dry_run: bool) -> bytes:
        if dry_run:
            return encode(body)
        body["apiVersion"] = resource.stored_api_version
        body["metadata"]["resourceVersion"] = str(self._store.allocate())
        stored = self._registry.storage(resource.id) or resource
        return (await self._store.commit(record(key, stored, body))).raw

    async def _remove(self, former: Record, body: Body, dry_run: bool) -> bytes:
        if dry_run:
            return encode(body)
        body["metadata"]["resourceVersion"] = str(self._store.allocate())
        stored = self._registry.storage(former.key.resource)
        return (await self._store.commit(record(former.key, stored, body), removed=True)).raw


def _set_owners(body: Body, owners: list[Body]) -> None:
    """Who owns what is for the server to say, whatever the client sent."""
    body["metadata"] = body["metadata"] | {"managedFields": owners} if owners else body["metadata"]
