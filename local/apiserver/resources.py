"""What is served: one row for each resource type, and the registry that finds a row by path or by kind.

The built-in rows are a table; custom rows come and go with their CRDs (`crds`). A row says what a type is called and
which of the general rules it takes part in; rules of a single kind live in `strategies`, columns in `columns`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .pruning import Defaults
from .rules import Node
from .schema import Schema
from .validation import Checker

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True, slots=True)
class Column:
    """One printer column: `path` is a JSONPath without braces, as CRDs write it."""

    name: str
    path: str
    type: str = "string"
    format: str = ""
    description: str = ""
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource type at one version."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: frozenset[str] = frozenset()
    verbs: tuple[str, ...] = ALL_VERBS
    selectable: tuple[str, ...] = ()
    generation: bool = False
    unconditional: bool = True
    returns_deleted: bool = False
    singular: str = ""
    list_kind: str = ""
    storage_version: str = ""
    columns: tuple[Column, ...] = ()
    schema: Schema | None = None
    checker: Checker | None = None
    rules: Node | None = None
    defaults: Defaults | None = None
    custom: bool = False
    deprecation: str = ""
    definition: Mapping[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The name of the type over all its versions: `jobs.batch`, `pods`; the key of the store."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def api_version(self) -> str:
        """As objects carry it: `batch/v1`, `v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def stored_api_version(self) -> str:
        """As stored objects carry it."""
        version = self.storage_version or self.version
        return f"{self.group}/{version}" if self.group else version

    @property
    def list_name(self) -> str:
        """The kind of a list of these."""
        return self.list_kind or f"{self.kind}List"

    @property
    def singular_name(self) -> str:
        """The name for one of these on the command line."""
        return self.singular or self.kind.lower()

    @property
    def has_status(self) -> bool:
        """Whether status is written apart from the rest."""
        return "status" in self.subresources


STATUS = frozenset({"status"})
REVIEW = ("create",)
EVENT_FIELDS = tuple(f"involvedObject.{name}" for name in
                     ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"))  # fmt: skip
POD_FIELDS = ("spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
              "spec.hostNetwork", "status.phase", "status.podIP", "status.nominatedNodeName")  # fmt: skip

BUILTINS: tuple[Resource, ...] = (
    Resource("", "v1", "configmaps", "ConfigMap", short_names=("cm",)),
    Resource("", "v1", "events", "Event", short_names=("ev",),
             selectable=(*EVENT_FIELDS, "reason", "reportingComponent", "source.component", "type")),
    Resource("", "v1", "namespaces", "Namespace", namespaced=False, short_names=("ns",),
             subresources=frozenset({"status", "finalize"}), selectable=("status.phase",), returns_deleted=False,
             verbs=tuple(verb for verb in ALL_VERBS if verb != "deletecollection")),
    Resource("", "v1", "nodes", "Node", namespaced=False, short_names=("no",), subresources=STATUS,
             selectable=("spec.unschedulable",)),
    Resource("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", short_names=("pvc",), subresources=STATUS,
             returns_deleted=True),
    Resource("", "v1", "persistentvolumes", "PersistentVolume", namespaced=False, short_names=("pv",),
             subresources=STATUS, returns_deleted=True),
    Resource("", "v1", "pods", "Pod", short_names=("po",), categories=("all",), selectable=POD_FIELDS,
             subresources=frozenset({"status", "log", "binding"}), returns_deleted=True, generation=True),
    Resource("", "v1", "secrets", "Secret", selectable=("type",)),
    Resource("", "v1", "serviceaccounts", "ServiceAccount", short_names=("sa",), returns_deleted=True),
    Resource("batch", "v1", "jobs", "Job", categories=("all",), subresources=STATUS, generation=True,
             selectable=("status.successful",)),
    Resource("coordination.k8s.io", "v1", "leases", "Lease", unconditional=False),
    Resource("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", namespaced=False,
             short_names=("crd", "crds"), categories=("api-extensions",), subresources=STATUS, generation=True,
             unconditional=False),
    Resource("authentication.k8s.io", "v1", "tokenreviews", "TokenReview", namespaced=False, verbs=REVIEW),
    Resource("authorization.k8s.io", "v1", "subjectaccessreviews", "SubjectAccessReview", namespaced=False,
             verbs=REVIEW),
    Resource("authorization.k8s.io", "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview", namespaced=False,
             verbs=REVIEW),
    Resource("authorization.k8s.io", "v1", "selfsubjectrulesreviews", "SelfSubjectRulesReview", namespaced=False,
             verbs=REVIEW),
)  # fmt: skip


class Registry:
    """All resource types that are served now."""

    def __init__(self, rows: tuple[Resource, ...] = BUILTINS) -> None:
        self._by_path = {(row.group, row.version, row.plural): row for row in rows}
        self._by_kind = {(row.group, row.version, row.kind): row for row in rows}
        self.revision = 0

    def find(self, group: str, version: str, plural: str) -> Resource | None:
        """The type that a path names."""
        return self._by_path.get((group, version, plural))

    def of_kind(self, api_version: str, kind: str) -> Resource | None:
        """The type that an object or an owner reference names."""
        group, _, version = api_version.rpartition("/")
        return self._by_kind.get((group, version, kind))

    def storage(self, resource_id: str) -> Resource | None:
        """The type of a stored object: its row at the storage version if that is served, else any."""
        rows = [row for row in self.rows() if row.id == resource_id]
        stored = [row for row in rows if row.version == (row.storage_version or row.version)]
        return next(iter(stored or rows), None)

    def rows(self) -> Iterator[Resource]:
        """Every type at every version."""
        return iter(tuple(self._by_path.values()))

    def groups(self) -> dict[str, list[str]]:
        """The versions of each named group, in order of their first row."""
        found: dict[str, list[str]] = {}
        for row in self.rows():
            versions = found.setdefault(row.group, [])
            if row.version not in versions:
                versions.append(row.version)
        return found

    def replace(self, resource_id: str, rows: tuple[Resource, ...]) -> None:
        """Put the rows of one custom type in the place of its former ones."""
        for former in [row for row in self.rows() if row.id == resource_id]:
            del self._by_path[former.group, former.version, former.plural]
            self._by_kind.pop((former.group, former.version, former.kind), None)
        for row in rows:
            self._by_path[row.group, row.version, row.plural] = row
            self._by_kind[row.group, row.version, row.kind] = row
        self.revision += 1
