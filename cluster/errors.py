"""What can go wrong with the cluster, each as one sentence and what to do about it.

One hierarchy, so that the command has one thing to catch and a person never reads a traceback. Causes are
chained where they are caught; nothing here subclasses a library's error.
"""

from typing import ClassVar


class ClusterError(Exception):
    """The base: a sentence with the bad value, and what to do about it."""

    reason: ClassVar[str] = "ClusterError"

    def __init__(self, message: str, hint: str = "") -> None:
        """Keep the sentence and the advice apart."""
        super().__init__(message)
        self.message = message
        self.hint = hint


class MachineLacks(ClusterError):
    """The machine lacks what a cluster needs."""

    reason = "MachineLacks"


class BuildFailed(ClusterError):
    """A program could not be built from its sources."""

    reason = "BuildFailed"


class PartFailed(ClusterError):
    """A part of the cluster does not run."""

    reason = "PartFailed"


class NotRunning(ClusterError):
    """There is no cluster to work with."""

    reason = "NotRunning"
