"""managedFields: who owns which field."""

from dataclasses import dataclass

from .codec import Body
from .resources import Resource


@dataclass(frozen=True, slots=True)
class Manager:
    """Who writes."""

    name: str = "unknown"
    operation: str = "Update"


def track(body: Body, old: Body | None, resource: Resource, manager: Manager, subresource: str) -> None:
    """Record the writer as owner of what it changed."""
