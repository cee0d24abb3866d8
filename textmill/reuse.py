"""When a known result may stand for a new request: same content, same options, same formats, same namespace.

The key goes into a label, whose value is at most 63 characters: 60 hex digits of a SHA-256. A label can be
written by anybody who may create requests, so a key only finds candidates; `fits` then compares with what the
operator itself wrote into the candidate's status. Only content-addressed input (upload) and inline text may
be answered so: a file beneath drop/ or a ConfigMap can change after its digest was seen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from textmill.request import SUCCEEDED, Kept, Request, Spec

FORMAT_VERSION = 2
"""Raised whenever the same content would give another result or another table format."""


def digest(spec: Spec) -> str | None:
    """Return the content's SHA-256 where the spec alone fixes it, else None."""
    if spec.input.upload is not None:
        return spec.input.upload
    inline = spec.input.inline
    if inline is None:
        return None
    return inline.sha256 if isinstance(inline, Kept) else Kept.of(inline).sha256


def key(spec: Spec) -> str | None:
    """Return the label's value under which results for this spec are found, None where reuse is not allowed."""
    content = digest(spec)
    if content is None or (spec.input.sha256 is not None and spec.input.sha256 != content):
        return None
    parts = (content, spec.encoding, spec.errors, str(spec.top_words), str(FORMAT_VERSION))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:60]


def fits(wanted: Spec, candidate: Request) -> bool:
    """Tell whether the candidate's result is the wanted one, by what the operator wrote and not by its label."""
    status = candidate.status
    return (
        key(wanted) is not None
        and not candidate.deleting
        and status.phase == SUCCEEDED
        and bool(status.raw.get("result"))
        and (status.raw.get("input") or {}).get("sha256") == digest(wanted)
        and key(candidate.spec) == key(wanted)
    )


def lend(known: Request) -> Mapping[str, Any]:
    """Return the parts of a status that a known result lends: input, tokens, result."""
    return {name: known.status.raw[name] for name in ("input", "tokens", "result") if name in known.status.raw}
