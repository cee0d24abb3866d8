"""From a client's body to the object that will be stored: prune, default, own, validate; in that order.

One path for every way to write (create, update, every kind of patch, /status), so that none can get around a rule.
Pure but for names, uids and the clock in `metadata`: nothing here reads or changes the store.
"""

from dataclasses import dataclass, field

from . import metadata
from .codec import Body
from .duplicates import duplicate_causes
from .errors import BadRequest, Cause, Invalid
from .pruning import default, drop_nulls, prune
from .resources import Resource
from .rules import rule_causes
from .schema import of_builtin
from .strategies import strategy
from .validation import builtin_checker

STRICT, WARN, IGNORE = "Strict", "Warn", "Ignore"
SHOWN_WARNINGS = 20


@dataclass(frozen=True, slots=True)
class Admission:
    """How a body is to be taken: over which former state, by which door, how strictly."""

    resource: Resource
    old: Body | None = None
    subresource: str = ""
    strictness: str = WARN
    duplicates: list[str] = field(default_factory=list)


def shape(body: Body, admission: Admission) -> list[str]:
    """Prune and default a body in place; returns the warnings."""
    resource = admission.resource
    schema = resource.schema if resource.custom else of_builtin(resource.group, resource.version, resource.kind)
    if not resource.custom:
        drop_nulls(body)
    unknown = prune(body, schema) if schema is not None else []
    warnings = _complain(unknown, admission)
    metadata.drop_empty(body)
    if resource.defaults is not None:
        default(body, resource.defaults)
    strategy(resource.id).default(body)
    return warnings


def _complain(unknown: list[str], admission: Admission) -> list[str]:
    if admission.strictness == IGNORE:
        return []
    found = [f'duplicate field "{path}"' for path in admission.duplicates]
    found += [f'unknown field "{path}"' for path in unknown]
    if found and admission.strictness == STRICT:
        row = admission.resource
        what = f'{row.kind} in version "{row.version}" cannot be handled as a {row.kind}'
        raise BadRequest(f"{what}: strict decoding error: {', '.join(found)}")
    return found[:SHOWN_WARNINGS]


def own(body: Body, admission: Admission) -> None:
    """Put what the server and the other doors own in its place."""
    resource, old = admission.resource, admission.old
    rules = strategy(resource.id)
    if old is None:
        metadata.prepare_create(body, resource)
        if resource.has_status and resource.custom:
            body.pop("status", None)
            if resource.defaults is not None:
                default(body, resource.defaults)
        rules.create(body)
        return
    metadata.prepare_update(body, old, resource)
    if admission.subresource == "status":
        _keep_all_but_status(body, old, resource)
        return
    if resource.has_status and admission.subresource != "binding":
        _copy_member("status", body, old)
    if not admission.subresource:
        rules.update(body, old)
    metadata.bump_generation(body, old, resource)


def _keep_all_but_status(body: Body, old: Body, resource: Resource) -> None:
    for member in (body.keys() | old.keys()) - {"metadata", "status"}:
        _copy_member(member, body, old)
    if resource.custom:
        body["metadata"] = old["metadata"]
    else:
        _copy_member("ownerReferences", body["metadata"], old["metadata"])


def _copy_member(member: str, body: Body, old: Body) -> None:
    if member in old:
        body[member] = old[member]
    else:
        body.pop(member, None)


def check(body: Body, admission: Admission) -> None:
    """Refuse what breaks a rule."""
    resource, old = admission.resource, admission.old
    causes = _type_causes(body, resource, old)
    if not causes:
        causes = metadata.validate(body, old, resource)
        if admission.subresource not in ("status", "binding", "finalize"):
            causes += strategy(resource.id).causes(body, old)
        if resource.custom:
            causes += rule_causes(resource.rules, body, old)
    if causes:
        raise Invalid(resource.kind, resource.group, body["metadata"].get("name", ""), causes)


def _type_causes(body: Body, resource: Resource, old: Body | None) -> list[Cause]:
    if resource.custom:
        found = resource.checker.causes(body, old) if resource.checker else []
        return found or list(duplicate_causes(body | {"metadata": None}, resource.schema or {}))
    return builtin_checker(resource.group, resource.version, resource.kind).causes(body, old)
