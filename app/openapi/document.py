"""The whole document, assembled from its tables.

Every address may refuse by the statuses that stand here, so the tables need not repeat them. It is a function of the
version and of one setting, so it is made once.
"""

from __future__ import annotations

from typing import Any

from app.openapi.operations import OPERATIONS, as_json
from app.openapi.schemas import components

COMMON = (401, 403, 405, 421, 429, 500)
COMMON_OF_OPEN = (405, 421, 429, 500)
DESCRIPTION = (
    "Files in, word statistics out. Errors are `application/problem+json` (RFC 9457); programs look at `reason`. "
    "A token is needed only where the service asks for one."
)


def document(version: str, *, tokens: bool) -> dict[str, Any]:
    """Return the document; `tokens` says whether this service asks for them."""
    paths = {
        path: {method: as_json(path, one, COMMON_OF_OPEN if one.open else COMMON) for method, one in operations.items()}
        for path, operations in OPERATIONS.items()
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Textmill", "version": version, "description": DESCRIPTION},
        "servers": [{"url": "/"}],
        "security": [{"token": []}] if tokens else [{}, {"token": []}],
        "paths": paths,
        "components": {
            "schemas": components(),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }
