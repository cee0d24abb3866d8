"""The HTTP interface as an OpenAPI 3.1 document: what `/openapi.json` serves.

Written by hand in two tables (`schemas`, `operations`) and not by a library over the routes: a library that validates
would read an upload's body before we do. That it is true is a matter of tests: every route is in it and nothing more, a
fuzzer finds no answer that it does not describe, and a generated client works.
"""

from __future__ import annotations

from app.openapi.document import document

__all__ = ["document"]
