"""What the page says of fields: the words of its form, and no fields of the resource, whatever a message names."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.page_words import ON_THE_FORM, for_people
from tests.api.fake_cluster import FakeCluster
from tests.page.reading import BROWSER, read
from textmill.errors import ADVICE, Reason

FORM = (Path(__file__).parents[2] / "app" / "templates" / "home.html").read_text(encoding="utf-8")


def test_options_are_those_of_the_form() -> None:
    for field, words in ON_THE_FORM.items():
        assert f'name="{field}"' in FORM
        assert words.partition("“")[2].rstrip("”") in FORM


@pytest.mark.parametrize("reason", ADVICE)
def test_no_advice_names_a_field_on_the_page(reason: Reason) -> None:
    assert "spec." not in for_people(ADVICE[reason].hint)


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("Set spec.errors to replace.", "Set the option “Bytes that are no text” to replace."),
        ("The Job's spec.suspend is true.", "The Job's spec.suspend is true."),
        ("See docs/api.md for the fields.", "See the page “HTTP interface” for the fields."),
        ("spec.unheardOf and inspec.errors", "unheardOf and inspec.errors"),
        ("no field at all", "no field at all"),
    ],
)
def test_fields_become_words(message: str, said: str) -> None:
    assert for_people(message) == said


def test_failure_on_the_page_speaks_of_the_form(client: FlaskClient, cluster: FakeCluster) -> None:
    client.post("/upload?name=fox", data=b"x", content_type="text/plain")
    why = {"type": "Succeeded", "status": "False", "reason": "NotText", "message": ADVICE[Reason.NOT_TEXT].hint}
    condition = {**why, "lastTransitionTime": "2026-01-01T00:00:00Z"}
    cluster.set_status("fox", {"phase": "Failed", "settled": True, "conditions": [condition]})

    text = read(client.get("/view/fox", headers=BROWSER)).text
    assert "spec.encoding" not in text
    assert "the option “Encoding”" in text
    assert "docs/api.md" not in read(client.get("/nowhere", headers=BROWSER), 404).text
