"""CustomResourceDefinitions: what may be in one, and the resource types that it makes.

A definition is accepted or refused as a whole when it is written; an accepted one is established in the same write,
so whoever waits for its condition waits for nothing. What this server cannot honour (conversion webhooks, a schema
that is not structural, an unknown CEL function) is refused then, never found out later.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from .codec import Body, now
from .errors import Cause
from .jsonpath import JsonPathError, parse
from .pruning import compile_defaults
from .resources import Column, Registry, Resource
from .rules import compile_rules
from .schema import Schema, of_custom
from .structural import structural_causes
from .validation import custom_checker

ID = "customresourcedefinitions.apiextensions.k8s.io"
CLEANUP = "customresourcecleanup.apiextensions.k8s.io"
AGE = Column("Age", ".metadata.creationTimestamp", "date", description="Time since the object was created")


def definition_causes(body: Body, old: Body | None) -> list[Cause]:
    """What is wrong with a definition."""
    spec, names = body["spec"], body["spec"]["names"]
    causes = [
        Cause(f"spec.names.{member}", "Required value", "FieldValueRequired")
        for member in ("plural", "kind")
        if not names.get(member)
    ]
    expected = f"{names.get('plural')}.{spec['group']}"
    if body["metadata"].get("name") != expected:
        causes.append(
            Cause(
                "metadata.name",
                f'Invalid value: "{body["metadata"].get("name")}": must be spec.names.plural+"."+spec.group',
            )
        )
    if (spec.get("conversion") or {}).get("strategy", "None") != "None":
        causes.append(
            Cause(
                "spec.conversion.strategy",
                'Unsupported value: "Webhook": supported values: "None"',
                "FieldValueNotSupported",
            )
        )
    versions = spec.get("versions") or []
    if sum(bool(version.get("storage")) for version in versions) != 1:
        causes.append(Cause("spec.versions", "Invalid value: must have exactly one version marked as storage version"))
    for i, version in enumerate(versions):
        causes += _version_causes(version, f"spec.versions[{i}]", common=_common(versions))
    if old is not None:
        for member in ("group", "scope"):
            if spec[member] != old["spec"][member]:
                causes.append(Cause(f"spec.{member}", f'Invalid value: "{spec[member]}": field is immutable'))
    return causes


def _common(versions: list[Body]) -> set[str]:
    """What all versions have alike: Kubernetes keeps that once, and names it without a version."""
    members = ("additionalPrinterColumns", "selectableFields")
    return {name for name in members if all(one.get(name) == versions[0].get(name) for one in versions)}


def _version_causes(version: Body, path: str, common: set[str]) -> Iterator[Cause]:
    schema = (version.get("schema") or {}).get("openAPIV3Schema")
    where = f"{path}.schema.openAPIV3Schema"
    if schema is None:
        yield Cause(where, "Required value: schemas are required", "FieldValueRequired")
        return
    found = list(structural_causes(schema, where))
    yield from found
    if not found:
        _, causes = compile_rules(schema)
        yield from (Cause(f"{where}.{cause.field}", cause.message, cause.reason) for cause in causes)
    for i, column in enumerate(version.get("additionalPrinterColumns") or ()):
        try:
            parse(column["jsonPath"])
        except JsonPathError as error:
            where = "spec" if "additionalPrinterColumns" in common else path
            text = f'Invalid value: "{column["jsonPath"]}": {error}'
            yield Cause(f"{where}.additionalPrinterColumns[{i}].jsonPath", text)
    for i, selectable in enumerate(version.get("selectableFields") or ()):
        if not _is_scalar(schema, selectable["jsonPath"]):
            text = (
                f'Invalid value: "{selectable["jsonPath"]}": must point to a field of type string, boolean or integer'
            )
            where = "spec" if "selectableFields" in common else path
            yield Cause(f"{where}.selectableFields[{i}].jsonPath", text)


def _is_scalar(schema: Schema, path: str) -> bool:
    for step in path.lstrip(".").split("."):
        schema = schema.get("properties", {}).get(step, {})
    return schema.get("type") in ("string", "boolean", "integer")


def establish(body: Body, registry: Registry) -> None:
    """Write the server's part of a definition's status."""
    names = body["spec"]["names"]
    names.setdefault("singular", names.get("kind", "").lower())
    names.setdefault("listKind", f"{names.get('kind', '')}List")
    body["spec"].setdefault("conversion", {"strategy": "None"})
    taken = _taken(body, registry)
    status = body.setdefault("status", {})
    status["acceptedNames"] = dict(names) if not taken else {"plural": "", "kind": ""}
    storage = [version["name"] for version in body["spec"].get("versions") or () if version.get("storage")]
    stored = status.get("storedVersions") or []
    status["storedVersions"] = [*stored, *(name for name in storage if name not in stored)]
    if taken:
        accepted, established = ("False", taken[0], taken[1]), ("False", "NotAccepted", "not all names are accepted")
    else:
        accepted = ("True", "NoConflicts", "no conflicts found")
        established = ("True", "InitialNamesAccepted", "the initial names have been accepted")
    kept = [row for row in status.get("conditions") or () if row["type"] not in ("NamesAccepted", "Established")]
    former = {row["type"]: row for row in status.get("conditions") or ()}
    status["conditions"] = [
        _condition("NamesAccepted", *accepted, former.get("NamesAccepted")),
        _condition("Established", *established, former.get("Established")),
        *kept,
    ]


def _condition(kind: str, status: str, reason: str, message: str, former: Body | None) -> Body:
    since = former["lastTransitionTime"] if former and former["status"] == status else now()
    return {"lastTransitionTime": since, "message": message, "reason": reason, "status": status, "type": kind}


def _taken(body: Body, registry: Registry) -> tuple[str, str] | None:
    spec = body["spec"]
    own = f"{spec['names'].get('plural')}.{spec['group']}"
    for row in registry.rows():
        if row.group == spec["group"] and row.id != own and row.kind == spec["names"].get("kind"):
            return "KindConflict", f'"{row.kind}" is already in use'
    return None


def is_established(body: Body) -> bool:
    """Whether the type of a definition is to be served."""
    conditions = (body.get("status") or {}).get("conditions") or ()
    return any(row["type"] == "Established" and row["status"] == "True" for row in conditions)


def resource_id(body: Body) -> str:
    """The type that a definition makes."""
    return f"{body['spec']['names']['plural']}.{body['spec']['group']}"


def rows(body: Body) -> tuple[Resource, ...]:
    """The resource types of an established definition, one for each version that is served."""
    if not is_established(body):
        return ()
    versions = body["spec"]["versions"]
    storage = next(version["name"] for version in versions if version.get("storage"))
    return tuple(_row(body["spec"], version, storage) for version in versions if version.get("served"))


def _row(spec: Body, version: Body, storage: str) -> Resource:
    names: Mapping[str, Any] = spec["names"]
    schema = version["schema"]["openAPIV3Schema"]
    rules, _ = compile_rules(schema)
    columns = tuple(_column(column) for column in version.get("additionalPrinterColumns") or ()) or (AGE,)
    warning = version.get("deprecationWarning") or f"{spec['group']}/{version['name']} {names['kind']} is deprecated"
    return Resource(
        group=spec["group"],
        version=version["name"],
        plural=names["plural"],
        kind=names["kind"],
        namespaced=spec["scope"] == "Namespaced",
        short_names=tuple(names.get("shortNames") or ()),
        categories=tuple(names.get("categories") or ()),
        subresources=frozenset({"status"} if "status" in (version.get("subresources") or {}) else ()),
        selectable=tuple(row["jsonPath"].lstrip(".") for row in version.get("selectableFields") or ()),
        generation=True,
        unconditional=False,
        singular=names.get("singular", ""),
        list_kind=names.get("listKind", ""),
        storage_version=storage,
        columns=columns,
        schema=of_custom(schema),
        checker=custom_checker(schema),
        rules=rules,
        defaults=compile_defaults(schema),
        custom=True,
        deprecation=warning if version.get("deprecated") else "",
        definition=schema,
    )


def _column(column: Body) -> Column:
    return Column(
        name=column["name"],
        path=column["jsonPath"],
        type=column.get("type", "string"),
        format=column.get("format", ""),
        description=column.get("description", ""),
        priority=column.get("priority", 0),
    )
