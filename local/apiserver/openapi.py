"""OpenAPI documents."""

from collections.abc import Mapping

from .codec import Body
from .resources import Registry


class OpenApi:
    """The documents, made of the registry."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def find(self, path: str, query: Mapping[str, str]) -> tuple[Body, str] | None:
        """The document at a path with its content type; None where the path is not about OpenAPI."""
        return None
