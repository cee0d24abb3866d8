"""Which volume a claim gets. Pure.

Static volumes only: one that the claim names, or one of its class that is big enough and has its access
modes. A claim whose class needs a provisioner stays Pending, as it would on a cluster without one.
"""

from collections.abc import Iterable

from local import objects, quantity
from local.objects import Json


def unbound(claim: Json) -> bool:
    """Whether the claim waits for a volume."""
    return objects.status(claim).get("phase") != "Bound" and not objects.deleting(claim)


def match(claim: Json, volumes: Iterable[Json]) -> Json | None:
    """The volume for a claim: its own by reference, else the smallest that is free and fits."""
    fitting = [volume for volume in volumes if _fits(claim, volume)]
    own = [volume for volume in fitting if objects.spec(volume).get("claimRef")]
    choice = own or sorted(fitting, key=lambda volume: (_size(volume), objects.name(volume)))
    return choice[0] if choice else None


def _fits(claim: Json, volume: Json) -> bool:
    wanted, has = objects.spec(claim), objects.spec(volume)
    reference = has.get("claimRef")
    if reference:
        same = (reference.get("namespace"), reference.get("name")) == objects.key(claim)
        return same and reference.get("uid") in (None, "", objects.uid(claim))
    named = wanted.get("volumeName")
    if named:
        return bool(named == objects.name(volume))
    asked = ((wanted.get("resources") or {}).get("requests") or {}).get("storage", "0")
    return bool(
        (wanted.get("storageClassName") or "") == (has.get("storageClassName") or "")
        and set(wanted.get("accessModes") or []) <= set(has.get("accessModes") or [])
        and quantity.whole(asked) <= _size(volume)
    )


def _size(volume: Json) -> int:
    return quantity.whole((objects.spec(volume).get("capacity") or {}).get("storage", "0"))


def reference(claim: Json) -> Json:
    """The claim, as its volume refers to it."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "namespace": objects.namespace(claim),
        "name": objects.name(claim),
        "uid": objects.uid(claim),
    }
