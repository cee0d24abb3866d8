"""Strategic merge patch: a merge patch that knows, from the schema, which lists are merged and by which key.

Only built-in kinds have it, as in Kubernetes. Directives: `$patch` (replace, delete, merge), `$retainKeys`,
`$deleteFromPrimitiveList/NAME` and `$setElementOrder/NAME`.
"""

from typing import Any

from .errors import BadRequest
from .schema import EMPTY, Schema, child, items

DIRECTIVE, RETAIN = "$patch", "$retainKeys"
DELETE_FROM, ORDER = "$deleteFromPrimitiveList/", "$setElementOrder/"


def apply_strategic_patch(document: Any, patch: dict[str, Any], schema: Schema) -> Any:
    """The document after the patch; the document itself is changed."""
    return _merge_object(document if isinstance(document, dict) else {}, patch, schema)


def _merge_object(target: dict[str, Any], patch: dict[str, Any], node: Schema) -> dict[str, Any]:
    directive = patch.get(DIRECTIVE)
    if directive == "replace":
        return {key: _clean(value) for key, value in patch.items() if value is not None and key != DIRECTIVE}
    if directive == "delete":
        return {}
    if directive not in (None, "merge"):
        raise BadRequest(f'unknown directive $patch: "{directive}"')
    for key, value in patch.items():
        if (key == RETAIN or key.startswith((DELETE_FROM, ORDER))) and not isinstance(value, list):
            raise BadRequest(f"the directive {key} needs a list")
    if RETAIN in patch:
        target = {key: value for key, value in target.items() if key in patch[RETAIN]}
    orders = {key.removeprefix(ORDER): value for key, value in patch.items() if key.startswith(ORDER)}
    for key, value in patch.items():
        if key.startswith(DELETE_FROM):
            name = key.removeprefix(DELETE_FROM)
            former = target.get(name)
            target[name] = [item for item in former if item not in value] if isinstance(former, list) else []
        elif key not in (DIRECTIVE, RETAIN) and not key.startswith(ORDER):
            _merge_member(target, key, value, child(node, key) or EMPTY)
    for name, order in orders.items():
        if isinstance(target.get(name), list):
            target[name] = _ordered(
                target[name], order, (child(node, name) or EMPTY).get("x-kubernetes-patch-merge-key")
            )
    return target


def _merge_member(target: dict[str, Any], key: str, value: Any, node: Schema) -> None:
    if value is None:
        target.pop(key, None)
    elif isinstance(value, dict):
        former = target.get(key)
        target[key] = _merge_object(former if isinstance(former, dict) else {}, value, node)
    elif isinstance(value, list) and "merge" in node.get("x-kubernetes-patch-strategy", ""):
        former = target.get(key)
        target[key] = _merge_list(former if isinstance(former, list) else [], value, node)
    else:
        target[key] = _clean(value)


def _merge_list(target: list[Any], patch: list[Any], node: Schema) -> list[Any]:
    key = node.get("x-kubernetes-patch-merge-key")
    if key is None:
        return target + [item for item in patch if item not in target]
    if any(isinstance(item, dict) and item.get(DIRECTIVE) == "replace" and len(item) == 1 for item in patch):
        return [_clean(item) for item in patch if item.get(DIRECTIVE) != "replace"]
    merged = list(target)
    for item in patch:
        if not isinstance(item, dict) or key not in item:
            raise BadRequest(f"map: {item!r} does not contain declared merge key: {key}")
        place = next((i for i, present in enumerate(merged) if present.get(key) == item[key]), None)
        if item.get(DIRECTIVE) == "delete":
            merged = [present for present in merged if present.get(key) != item[key]]
        elif place is None:
            merged.append(_merge_object({}, item, items(node)))
        else:
            merged[place] = _merge_object(merged[place], item, items(node))
    return merged


def _ordered(found: list[Any], order: list[Any], key: str | None) -> list[Any]:
    """The list in the wished order; what the wish does not name keeps its place behind its neighbour."""
    wished = [item.get(key) if key and isinstance(item, dict) else item for item in order]
    names = [item.get(key) if key and isinstance(item, dict) else item for item in found]
    rank = {repr(name): i for i, name in enumerate(wished)}
    last, places = -1, []
    for i, name in enumerate(names):
        last = rank.get(repr(name), last)
        places.append((last, i))
    return [item for _, item in sorted(zip(places, found, strict=True), key=lambda pair: pair[0])]


def _clean(value: Any) -> Any:
    """A new value without directives and nulls."""
    if isinstance(value, dict):
        return {key: _clean(item) for key, item in value.items() if item is not None and not key.startswith("$")}
    return [_clean(item) for item in value] if isinstance(value, list) else value
