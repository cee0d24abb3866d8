"""The forms in which objects leave: whole, as the rows of a Table, or as metadata alone.

The Accept header decides. A whole object is passed on as the bytes that are stored; only the other forms decode it.
"""

from dataclasses import dataclass

from .codec import Body, decode, encode
from .errors import NotAcceptable
from .records import Record
from .resources import Resource
from .tables import header, row, table

JSON = ("application/json", "*/*", "application/*", "application/yaml", "")
META_API = "meta.k8s.io/v1"


@dataclass(frozen=True, slots=True)
class Page:
    """A list, or a part of one."""

    records: list[Record]
    version: int
    token: str = ""
    remaining: int | None = None

    def meta(self) -> Body:
        """The list's own metadata."""
        meta: Body = {"resourceVersion": str(self.version)}
        if self.token:
            meta["continue"] = self.token
        if self.remaining is not None:
            meta["remainingItemCount"] = self.remaining
        return meta


class View:
    """Whole objects, in the version that was asked for."""

    content_type = "application/json"

    def __init__(self, resource: Resource) -> None:
        self.resource = resource
        self._as_stored = resource.api_version == resource.stored_api_version

    def raw(self, stored: bytes) -> bytes:
        """The bytes of an object, at this version."""
        if self._as_stored:
            return stored
        return encode(decode(stored) | {"apiVersion": self.resource.api_version})

    def one(self, stored: bytes) -> bytes:
        """The answer about one object."""
        return self.raw(stored)

    def many(self, page: Page) -> bytes:
        """The answer about several."""
        head = {"kind": self.resource.list_name, "apiVersion": self.resource.api_version, "metadata": page.meta()}
        return encode(head)[:-1] + b',"items":[' + b",".join(self.raw(found.raw) for found in page.records) + b"]}"

    def event(self, stored: bytes) -> bytes:
        """The object of a watch event."""
        return self.one(stored)

    def mark(self, bookmark: Body) -> bytes:
        """The object of a bookmark."""
        return encode(bookmark)


class TableView(View):
    """Rows for people."""

    content_type = "application/json;as=Table;v=v1;g=meta.k8s.io"

    def __init__(self, resource: Resource, include: str) -> None:
        super().__init__(resource)
        self._include = include
        self._headed = False

    def one(self, stored: bytes) -> bytes:
        body = decode(self.raw(stored))
        return encode(
            table(self.resource, {"resourceVersion": body["metadata"]["resourceVersion"]}, [body], self._include)
        )

    def many(self, page: Page) -> bytes:
        bodies = [decode(self.raw(found.raw)) for found in page.records]
        return encode(table(self.resource, page.meta(), bodies, self._include))

    def event(self, stored: bytes) -> bytes:
        body = decode(self.raw(stored))
        meta = {"resourceVersion": body["metadata"]["resourceVersion"]}
        return encode(self._rows(meta, [row(self.resource, body, self._include)]))

    def mark(self, bookmark: Body) -> bytes:
        partial = {"kind": "PartialObjectMetadata", "apiVersion": META_API, "metadata": bookmark["metadata"]}
        return encode(self._rows(bookmark["metadata"], [{"cells": [], "object": partial}]))

    def _rows(self, meta: Body, rows: list[Body]) -> Body:
        """A table whose first part alone repeats the columns, as kubectl expects of a watch."""
        columns = [] if self._headed else header(self.resource)
        self._headed = True
        return {"kind": "Table", "apiVersion": META_API, "metadata": meta, "columnDefinitions": columns, "rows": rows}


class PartialView(View):
    """Metadata alone."""

    content_type = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"

    def raw(self, stored: bytes) -> bytes:
        meta = decode(stored)["metadata"]
        return encode({"kind": "PartialObjectMetadata", "apiVersion": META_API, "metadata": meta})

    def many(self, page: Page) -> bytes:
        items = [decode(self.raw(found.raw)) for found in page.records]
        kind = "PartialObjectMetadataList"
        return encode({"kind": kind, "apiVersion": META_API, "metadata": page.meta(), "items": items})

    def mark(self, bookmark: Body) -> bytes:
        return encode({"kind": "PartialObjectMetadata", "apiVersion": META_API, "metadata": bookmark["metadata"]})


def choose(accept: str, resource: Resource, include: str) -> View:
    """The first form in the Accept header that is spoken here."""
    for wish in accept.split(","):
        media, *parameters = (part.strip() for part in wish.split(";"))
        if media not in JSON:
            continue
        wanted = dict(parameter.partition("=")[::2] for parameter in parameters)
        if wanted.get("as") == "Table" and wanted.get("v") == "v1":
            return TableView(resource, include or "Metadata")
        if wanted.get("as", "").startswith("PartialObjectMetadata") and wanted.get("v") == "v1":
            return PartialView(resource)
        if "as" not in wanted:
            return View(resource)
    raise NotAcceptable(f"only these media types are accepted: application/json (asked for: {accept[:200]})")
