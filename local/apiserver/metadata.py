"""What every object's metadata must be, whoever writes it: names, identity, versions, finalizers.

Server-owned members (uid, timestamps, generation, deletion marks) always come from the stored object or from here,
never from the client. Rules of a single kind do not belong here.
"""

import re
import secrets
import uuid
from collections.abc import Iterable
from typing import Any

from .codec import Body, now
from .errors import BadRequest, Cause, Conflict, Invalid, about
from .resources import Resource
from .selectors import LABEL_KEY, LABEL_VALUE

SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
LABEL_NAMED = frozenset({"namespaces"})
ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
SERVER_OWNED = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation")
ANNOTATIONS_LIMIT = 256 * 1024
SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
    "and end with an alphanumeric character"
)
LABEL_RULE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
    "with an alphanumeric character"
)


def check_type(body: Any, resource: Resource) -> Body:
    """An object of the expected kind, with kind and apiVersion filled in where a built-in kind may omit them."""
    if not isinstance(body, dict):
        raise BadRequest(f"the body must be an object, not {type(body).__name__}")
    if resource.custom and not body.get("kind"):
        raise BadRequest("Object 'Kind' is missing in the body")
    for member, expected in (("apiVersion", resource.api_version), ("kind", resource.kind)):
        found = body.setdefault(member, expected) or expected
        if found != expected:
            raise BadRequest(f"the {member} in the data ({found}) does not match the expected {member} ({expected})")
        body[member] = expected
    meta = body.setdefault("metadata", {})
    if meta is None:
        body["metadata"] = {}
    elif not isinstance(meta, dict):
        raise BadRequest("metadata must be an object")
    return body


def check_place(body: Body, resource: Resource, namespace: str, name: str) -> None:
    """Refuse a body that names another place than the request's path."""
    meta = body["metadata"]
    if resource.namespaced:
        if meta.get("namespace") not in (None, "", namespace):
            raise BadRequest(
                f"the namespace of the provided object ({meta['namespace']}) does not match the namespace sent on "
                f"the request ({namespace})"
            )
        meta["namespace"] = namespace
    else:
        meta.pop("namespace", None)
    if name and meta.get("name") not in (None, "", name):
        raise BadRequest(f"the name of the object ({meta['name']}) does not match the name on the URL ({name})")


def drop_empty(body: Body) -> None:
    """Take empty maps and lists in the metadata for absent, as their encoding does."""
    meta = body["metadata"]
    for member in ("labels", "annotations", "finalizers", "ownerReferences"):
        if member in meta and not meta[member]:
            del meta[member]


def prepare_create(body: Body, resource: Resource) -> None:
    """Give a new object its name and identity."""
    meta = body["metadata"]
    if meta.pop("resourceVersion", None):
        raise BadRequest("resourceVersion should not be set on objects to be created")
    if not meta.get("name") and meta.get("generateName"):
        meta["name"] = meta["generateName"][:58] + "".join(secrets.choice(ALPHABET) for _ in range(5))
    for member in (*SERVER_OWNED, "selfLink", "managedFields"):
        meta.pop(member, None)
    meta["uid"] = str(uuid.uuid4())
    meta["creationTimestamp"] = now()
    if resource.generation:
        meta["generation"] = 1


def prepare_update(body: Body, old: Body, resource: Resource) -> None:
    """Check that the update is of this very object and version, and keep what the server owns."""
    meta, former = body["metadata"], old["metadata"]
    meta.setdefault("name", former["name"])
    if meta.get("uid") not in (None, "", former["uid"]):
        raise conflict(
            resource, former["name"],
            f"Precondition failed: UID in precondition: {meta['uid']}, UID in object meta: {former['uid']}",
        )  # fmt: skip
    version = meta.get("resourceVersion")
    if not version and not resource.unconditional:
        causes = [Cause("metadata.resourceVersion", "Invalid value: 0: must be specified for an update")]
        raise Invalid(resource.kind, resource.group, former["name"], causes)
    if version and version != former["resourceVersion"]:
        raise conflict(
            resource, former["name"],
            "the object has been modified; please apply your changes to the latest version and try again",
        )  # fmt: skip
    meta["resourceVersion"] = former["resourceVersion"]
    for member in SERVER_OWNED:
        if member in former:
            meta[member] = former[member]
        else:
            meta.pop(member, None)
    if "generateName" in former:
        meta.setdefault("generateName", former["generateName"])


def conflict(resource: Resource, name: str, why: str) -> Conflict:
    """The 409 that clients answer by reading again."""
    message = f'Operation cannot be fulfilled on {resource.id} "{name}": {why}'
    return Conflict(message, details=about(name, resource.group, resource.plural))


def bump_generation(body: Body, old: Body, resource: Resource) -> None:
    """Count a change of intent: anything but metadata and (where it is written apart) status."""
    if not resource.generation:
        return
    aside = {"metadata", "status"} if resource.has_status else {"metadata"}
    if any(body.get(member) != old.get(member) for member in (body.keys() | old.keys()) - aside):
        body["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1


def validate(body: Body, old: Body | None, resource: Resource) -> list[Cause]:
    """What is wrong with the metadata."""
    meta = body["metadata"]
    causes = [] if old is not None else list(_name_causes(meta, resource))
    causes += _label_causes(meta.get("labels") or {}, "metadata.labels")
    causes += _annotation_causes(meta.get("annotations") or {})
    causes += _finalizer_causes(meta, (old or {}).get("metadata", {}))
    controllers = [owner for owner in meta.get("ownerReferences") or () if owner.get("controller")]
    if len(controllers) > 1:
        text = "Invalid value: only one reference can have Controller set to true"
        causes.append(Cause("metadata.ownerReferences", text))
    return causes


def _name_causes(meta: Body, resource: Resource) -> Iterable[Cause]:
    name = meta.get("name")
    if not name:
        yield Cause("metadata.name", "Required value: name or generateName is required", "FieldValueRequired")
    elif resource.plural in LABEL_NAMED and not resource.group:
        if len(name) > 63 or not DNS_LABEL.fullmatch(name):
            yield Cause("metadata.name", f'Invalid value: "{name[:300]}": {LABEL_RULE}')
    elif len(name) > 253 or not SUBDOMAIN.fullmatch(name):
        yield Cause("metadata.name", f'Invalid value: "{name[:300]}": {SUBDOMAIN_RULE}')


def _label_causes(labels: Body, field: str) -> Iterable[Cause]:
    for key, value in labels.items():
        if not LABEL_KEY.fullmatch(key) or len(key.rpartition("/")[2]) > 63:
            yield Cause(
                field, f'Invalid value: "{key}": name part must consist of alphanumeric characters, "-", "_" or "."'
            )
        elif len(value) > 63:
            yield Cause(field, f'Invalid value: "{value}": must be no more than 63 bytes')
        elif not LABEL_VALUE.fullmatch(value):
            rule = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.'"
            yield Cause(field, f'Invalid value: "{value}": {rule}')


def _annotation_causes(annotations: Body) -> Iterable[Cause]:
    for key in annotations:
        if not LABEL_KEY.fullmatch(key.lower()):
            yield Cause("metadata.annotations", f'Invalid value: "{key}": not a qualified name')
    if sum(len(key) + len(value.encode()) for key, value in annotations.items()) > ANNOTATIONS_LIMIT:
        yield Cause(
            "metadata.annotations", f"Too long: may not be more than {ANNOTATIONS_LIMIT} bytes", "FieldValueTooLong"
        )


def _finalizer_causes(meta: Body, former: Body) -> Iterable[Cause]:
    if "deletionTimestamp" not in former:
        return
    added = set(meta.get("finalizers") or ()) - set(former.get("finalizers") or ())
    if added:
        text = f"Forbidden: no new finalizers can be added if the object is being deleted, found new {sorted(added)}"
        yield Cause("metadata.finalizers", text, "FieldValueForbidden")
