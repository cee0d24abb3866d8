"""What `GET /requests/NAME` says of a resource: the public form, used by every route that shows a request, and links.

The form itself is the domain's, since the command line shows the same; only the addresses are this room's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textmill import answers
from textmill.answers import Answer, failure

__all__ = ["Answer", "answer", "failure", "links"]


def answer(body: Mapping[str, Any]) -> Answer:
    """Return the public form of a ProcessingRequest, with the addresses that belong to it."""
    return answers.answer(body) | {"links": links(body["metadata"]["name"])}


def links(name: str) -> dict[str, str]:
    """Return the addresses that belong to a request."""
    own = f"/requests/{name}"
    return {"self": own, "words": f"{own}/words", "tokens": f"{own}/tokens", "page": f"/view/{name}"}
