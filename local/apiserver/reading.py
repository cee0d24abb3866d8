"""GET: one object, a list (in pages, at a version), or the selection that a watch follows.

Reads come from memory alone and change nothing; a page that goes on names the version that the first one showed.
"""

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from . import parameters, selectors
from .errors import BadRequest, Expired, NotFound
from .records import Key, Record
from .routing import Target
from .selectors import Predicate
from .store import Store
from .views import Page


@dataclass(frozen=True, slots=True)
class Selection:
    """Which objects of a type a client asks for."""

    accepts: Predicate | None
    filtered: bool


def selection(target: Target, query: Mapping[str, str]) -> Selection:
    """The namespace of the path and the selectors of the query as one predicate."""
    tests: list[Predicate] = []
    if target.namespace:
        namespace = target.namespace
        tests.append(lambda record: record.key.namespace == namespace)
    if target.name:
        single = target.name
        tests.append(lambda record: record.key.name == single)
    labels = selectors.labels(query.get("labelSelector", ""))
    fields, _ = selectors.fields(query.get("fieldSelector", ""), target.resource.selectable, target.resource.kind)
    chosen = [test for test in (labels, fields) if test is not None]
    return Selection(selectors.every([*tests, *chosen]), bool(chosen))


def get(store: Store, target: Target, query: Mapping[str, str]) -> Record:
    """One object."""
    asked = parameters.version(query)
    if asked is not None and asked > store.version:
        store.check_version(target.resource.id, asked)
    found = store.get(Key(target.resource.id, target.namespace, target.name))
    if found is None:
        raise NotFound(target.resource.id, target.name, target.resource.group)
    return found


def page(store: Store, target: Target, query: Mapping[str, str]) -> Page:
    """A list, or a page of one."""
    limit = parameters.whole(query, "limit") or 0
    token = parameters.continuation(query["continue"]) if query.get("continue") else None
    version, records = _state(store, target, query, token)
    chosen = selection(target, query)
    found = [record for record in records if chosen.accepts is None or chosen.accepts(record)]
    if token is not None:
        found = [record for record in found if record.key[1:] > token.after]
    if not limit or len(found) <= limit:
        return Page(_sorted(found), version)
    part = heapq.nsmallest(limit, found, key=_place)
    left = None if chosen.filtered else len(found) - limit
    return Page(part, version, parameters.Continuation(version, _place(part[-1])).token(), left)


def _state(
    store: Store, target: Target, query: Mapping[str, str], token: parameters.Continuation | None
) -> tuple[int, Iterable[Record]]:
    resource = target.resource.id
    asked, match = parameters.version(query), query.get("resourceVersionMatch", "")
    if match not in ("", "Exact", "NotOlderThan"):
        raise BadRequest(f'resourceVersionMatch must be Exact or NotOlderThan, not "{match}"')
    if token is not None:
        if asked is not None:
            raise BadRequest("specifying resource version is not allowed when using continue")
        try:
            return token.version, store.snapshot(resource, token.version)
        except Expired as error:
            raise parameters.expired_page(token) from error
    if match and not query.get("resourceVersion"):
        raise BadRequest("resourceVersionMatch is forbidden unless resourceVersion is provided")
    if match == "Exact":
        if asked is None:
            raise BadRequest('resourceVersionMatch "Exact" is forbidden for resourceVersion "0"')
        return asked, store.snapshot(resource, asked)
    if asked is not None and asked > store.version:
        store.check_version(resource, asked)
    return store.version, store.records(resource)


def _place(record: Record) -> tuple[str, str]:
    return record.key.namespace, record.key.name


def _sorted(records: list[Record]) -> list[Record]:
    return sorted(records, key=_place)
