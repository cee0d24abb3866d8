"""What every check yields: where something is wrong, and what to do about it.

It prints as `path:line: text`, which editors and terminals turn into a link. A problem is always a failure;
there are no warnings, since nobody reads those.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Problem:
    """One thing to mend."""

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        """Return the form that editors follow."""
        return f"{self.path}:{self.line}: {self.text}"
