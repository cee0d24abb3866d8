"""Tables: the columns that people see.

For built-in kinds they come from `columns`, for custom kinds from their CRD; kubectl prints what stands here.
"""

from collections.abc import Callable
from typing import Any

from .codec import Body
from .columns import BUILTIN, UNAGED, WIDE, Columns, age
from .jsonpath import parse
from .resources import Column, Resource

META_API = "meta.k8s.io/v1"
AGE = Column("Age", ".metadata.creationTimestamp", "string", description="Time since the object was created")
NAME = Column("Name", ".metadata.name", "string", "name", "Name must be unique within a namespace.")


def table(resource: Resource, meta: Body, bodies: list[Body], include: str) -> Body:
    """A whole table."""
    rows = [row(resource, body, include) for body in bodies]
    head = header(resource)
    return {"kind": "Table", "apiVersion": META_API, "metadata": meta, "columnDefinitions": head, "rows": rows}


def header(resource: Resource) -> list[Body]:
    """The column definitions."""
    return [
        {"name": column.name, "type": column.type, "format": column.format, "description": column.description,
         "priority": column.priority}
        for column in (NAME, *_columns(resource))
    ]  # fmt: skip


def row(resource: Resource, body: Body, include: str) -> Body:
    """The cells of one object, with as much of the object as the client wants."""
    cells = [body["metadata"].get("name", ""), *_cells(resource, body)]
    found: Body = {"cells": cells}
    if include == "Object":
        found["object"] = body
    elif include != "None":
        found["object"] = {"kind": "PartialObjectMetadata", "apiVersion": META_API, "metadata": body["metadata"]}
    return found


def _builtin(resource: Resource) -> Columns:
    aged = () if resource.id in UNAGED else ((AGE, _age),)
    return BUILTIN.get(resource.id, ()) + aged + WIDE.get(resource.id, ())


def _columns(resource: Resource) -> tuple[Column, ...]:
    return resource.columns if resource.custom else tuple(column for column, _ in _builtin(resource))


def _cells(resource: Resource, body: Body) -> list[Any]:
    if resource.custom:
        return [_custom_cell(column, body) for column in resource.columns]
    return [cell(body) for _, cell in _builtin(resource)]


def _age(body: Body) -> str:
    return age(body["metadata"].get("creationTimestamp"))


_paths: dict[str, Callable[[Any], list[Any]]] = {}


def _custom_cell(column: Column, body: Body) -> Any:
    find = _paths.get(column.path)
    if find is None:
        find = _paths[column.path] = parse(column.path)
    values = find(body)
    if not values or values[0] is None:
        return None
    value = values[0]
    if column.type == "date":
        return age(value)
    if column.type in ("integer", "number", "boolean"):
        return value
    return value if isinstance(value, str) else ",".join(_text(item) for item in values)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
