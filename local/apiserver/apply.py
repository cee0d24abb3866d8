"""Server-side apply."""

from typing import Protocol

from .codec import Body


class Applied(Protocol):
    """What one manager wants of one object."""

    def merge(self, old: Body) -> Body:
        """The next version of an object that is there."""

    def fresh(self) -> Body:
        """The first version of an object that is not there."""


def prepare_apply(patch: object, target: object, manager: str, *, force: bool) -> Applied:
    """Not yet."""
    raise NotImplementedError
