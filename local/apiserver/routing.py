"""From a URL's path to what it means, by Kubernetes' own grammar of paths.

Pure: no request object, no store. Unknown groups, versions, types and subresources are NoSuchPath here, so that
handlers only ever see targets that exist.
"""

from dataclasses import dataclass

from .errors import NoSuchPath
from .resources import Registry, Resource


@dataclass(frozen=True, slots=True)
class Target:
    """One resource type, in one namespace or all, one object or all, one subresource or none."""

    resource: Resource
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    @property
    def is_collection(self) -> bool:
        """Whether the path names no single object."""
        return not self.name


def find_target(path: str, registry: Registry) -> Target | None:
    """What a path under /api or /apis names; None for the paths that are not about objects."""
    parts = path.strip("/").split("/")
    if parts[0] == "api" and len(parts) >= 3:
        group, version, rest = "", parts[1], parts[2:]
    elif parts[0] == "apis" and len(parts) >= 4:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return None
    namespace = ""
    if rest[0] == "namespaces" and len(rest) >= 3 and not _about_namespace(group, rest, registry, version):
        namespace, rest = rest[1], rest[2:]
    resource = registry.find(group, version, rest[0])
    if resource is None or len(rest) > 3 or (namespace and not resource.namespaced):
        raise NoSuchPath
    name = rest[1] if len(rest) > 1 else ""
    subresource = rest[2] if len(rest) > 2 else ""
    if name and resource.namespaced and not namespace:
        raise NoSuchPath
    if subresource and subresource not in resource.subresources:
        raise NoSuchPath
    return Target(resource, namespace, name, subresource)


def _about_namespace(group: str, rest: list[str], registry: Registry, version: str) -> bool:
    """`namespaces/NAME/status` is about the namespace, `namespaces/NAME/pods` about its pods."""
    own = registry.find(group, version, "namespaces")
    return own is not None and len(rest) == 3 and rest[2] in own.subresources


def is_served(path: str, registry: Registry) -> bool:
    """Whether a path lies beneath a group and version that are served, whatever else is wrong with it."""
    match path.strip("/").split("/"):
        case ["api", version, *_]:
            return version in registry.groups().get("", ())
        case ["apis", group, version, *_]:
            return version in registry.groups().get(group, ())
    return False
