"""The document at /openapi.json is true: all routes and nothing more, and no answer that it does not describe.

schemathesis makes calls from the document, right ones and wrong ones, and holds every answer against it with all its
checks. Left out are the two event streams, which end only when the client does, the files of the page, which
schemathesis reads and never closes, and tus, which its own clients try; their answers have tests of their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig

from app.openapi import document
from app.openapi.operations import OPERATIONS, RESUMABLE, STATIC
from app.openapi.schemas import KNOWN, OPTIONS, UPLOAD
from tests.api import artefacts
from tests.api.fake_cluster import FakeCluster

EXAMPLES = 20
LEFT_OUT = {"/requests/events", "/requests/{name}/events", "/static/{filename}", *RESUMABLE}
CALLS = [
    pytest.param(path, method, mode, id=f"{mode.value} {method} {path}")
    for path, methods in OPERATIONS.items()
    for method, one in methods.items()
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    if path not in LEFT_OUT and (mode is GenerationMode.POSITIVE or one.body or one.parameters(path))
]
REFUSED_RIGHTLY = ["2xx", 303, 401, 403, 404, 409, 410, 422, 501]
"""What may come of a call that keeps to the document: there is no such thing, or it is in no state for that."""
TELLS_NO = [400, 401, 403, 404, 405, 408, 409, 413, 415, 422, 431, 501]

Described = Any


@pytest.fixture
def described(make: Callable[..., Flask], cluster: FakeCluster, root: Path, tmp_path: Path) -> Described:
    """Return the document of a running application that holds one finished request, as schemathesis reads it."""
    keys = tmp_path / "keys"
    keys.write_text("k" * 32)
    application = make(TEXTMILL_LINK_KEY_FILE=keys)
    client = application.test_client()
    client.post("/upload?name=fox", data=b"x", content_type="text/plain")
    cluster.set_status("fox", artefacts.finished(root))
    checks = {
        "positive_data_acceptance": {"expected-statuses": REFUSED_RIGHTLY},
        "negative_data_rejection": {"expected-statuses": TELLS_NO},
    }
    config = SchemathesisConfig.from_dict({"checks": checks})
    return schemathesis.openapi.from_wsgi("/openapi.json", application, config=config)


def _beyond_schemas(case: Any) -> bool:
    """Tell whether a call breaks a rule that no schema can say, or is a form that is none: tested by hand elsewhere."""
    asked, form = case.query or {}, case.body if isinstance(case.body, dict) else {}
    if case.media_type == "multipart/form-data" and not isinstance(case.body, dict):
        return True  # a client writes it as some valid form
    if not all(isinstance(value, (str, int, bytes)) and not isinstance(value, bool) for value in form.values()):
        return True  # a form has text alone: what is sent of another type may be right as text, or be no field at all
    if case.path == "/" and "" in form.values():
        return True  # a blank is right there, whatever else was broken about the same field
    if any(str(value) != str(value).strip() for value in (case.headers or {}).values()):
        return True  # HTTP takes the white space around a header's value off
    cut_arrow = asked.get("format") == "arrow" and bool(asked.keys() & {"limit", "contains"})
    return cut_arrow or bool(asked.keys() & form.keys())


@pytest.mark.parametrize(("path", "method", "mode"), CALLS)
def test_every_answer_is_described(described: Described, path: str, method: str, mode: GenerationMode) -> None:
    operation = described[path][method.upper()]

    @settings(
        max_examples=EXAMPLES,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
        derandomize=True,
        database=None,
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def call(case: Any) -> None:
        if not _beyond_schemas(case):
            case.call_and_validate()

    call()


def test_every_route_is_described_and_nothing_more(make: Callable[..., Flask]) -> None:
    served = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in make().url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }

    assert served == {
        (path, method)
        for path, methods in OPERATIONS.items()
        for method in methods
        if method not in ("head", "options")
    }


def test_fields_of_an_upload_are_those_of_the_code() -> None:
    assert {*OPTIONS, "upload"} == KNOWN
    assert UPLOAD[0] == OPTIONS["sha256"][0]


def test_files_of_the_page_are_those_that_there_are() -> None:
    assert sorted(path.name for path in Path("app/static").iterdir()) == STATIC


def test_names_of_operations_differ() -> None:
    names = [one.id for methods in OPERATIONS.values() for one in methods.values()]

    assert len(names) == len(set(names))


@pytest.mark.parametrize(("mode", "security"), [("off", [{}, {"token": []}]), ("kubernetes", [{"token": []}])])
def test_document_says_whether_a_token_is_needed(make: Callable[..., Flask], mode: str, security: object) -> None:
    found = make(TEXTMILL_AUTH=mode).test_client().get("/openapi.json").get_json()

    assert found["security"] == security
    assert found["openapi"] == "3.1.0"
    assert found == document(found["info"]["version"], tokens=mode != "off")


def test_page_shows_every_operation_and_loads_nothing_from_elsewhere(make: Callable[..., Flask]) -> None:
    text = make().test_client().get("/api").get_data(as_text=True)

    assert text.count('<details class="operation">') == sum(map(len, OPERATIONS.values()))
    assert set(re.findall(r'(?:src|href)="([^"]+)"', text)) <= {
        *(f"/static/{name}" for name in STATIC),
        *("/", "/#requests", "/api", "/requests", "/metrics", "/openapi.json", "#main"),
    }
    assert "<script>" not in text
    assert " style=" not in text
