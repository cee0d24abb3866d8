"""What may be added, changed and removed once a request is made: every field of the spec, all three ways."""

from __future__ import annotations

import pytest

from tests.resource.api import APPLY, MERGE, Api, manifest
from tests.resource.bad_specs import ONE_TEXT
from tests.resource.conftest import Make
from tests.resource.definition import SCHEMA, fields
from tests.resource.spec_updates import ENCODING, INPUT, PATH, ROWS, UPDATES, Update

MUTABLE = {"spec.suspend", "spec.priority", "spec.ttlSecondsAfterFinished"}


@pytest.mark.parametrize("update", [pytest.param(one, id=one.id) for one in UPDATES])
def test_update_allowed_or_refused_with_its_sentence(api: Api, make: Make, update: Update) -> None:
    answer = api.replace(make(update.old), "spec", update.new)
    if update.refusal is None:
        assert answer.status == 200, answer.body
    else:
        field, text = update.refusal
        assert (answer.status, answer.causes) == (422, [(field, f"Forbidden: {text}")])


def test_every_field_of_the_spec_has_its_row() -> None:
    assert {row.field for row in ROWS} == set(fields("spec")) - {"spec.input"}


def test_only_three_fields_can_be_changed() -> None:
    assert {row.field for row in ROWS if row.refusal is None} == MUTABLE


def test_input_removed_refused_as_required(api: Api, make: Make) -> None:
    answer = api.replace(make({"input": PATH}), "spec", {"priority": 1})
    assert (answer.status, answer.causes) == (422, [("spec.input", "Required value")])


def test_second_text_added_refused_twice(api: Api, make: Make) -> None:
    answer = api.replace(make({"input": PATH}), "spec", {"input": PATH | {"inline": "x"}})
    fixed, both = sorted(answer.causes)
    assert answer.status == 422
    assert fixed == ("spec.input", f"Forbidden: {INPUT}")
    assert both[0] == "spec.input"
    assert both[1].endswith(ONE_TEXT)


def test_default_written_out_changes_nothing(api: Api, make: Make) -> None:
    nodes = SCHEMA["properties"]["spec"]["properties"].items()
    defaults = {name: node["default"] for name, node in nodes if "default" in node}
    name = make({"input": PATH})
    before = api.read(name)["metadata"]["generation"]
    answer = api.replace(name, "spec", {"input": PATH} | defaults)
    assert (answer.status, answer.body["metadata"]["generation"]) == (200, before)


def test_fixed_field_removed_by_null_refused(api: Api, make: Make) -> None:
    name = make({"input": PATH, "encoding": "utf-16"})
    answer = api.call("PATCH", api.path(name), {"spec": {"encoding": None}}, Content_Type=MERGE)
    assert (answer.status, answer.causes) == (422, [("spec.encoding", f"Forbidden: {ENCODING}")])


def test_field_left_out_of_an_apply_refused(api: Api, make: Make) -> None:
    name = make({"input": PATH})
    api.call("DELETE", api.path(name))
    query, full = "fieldManager=test", manifest(name, {"input": PATH, "encoding": "utf-16"})
    assert api.call("PATCH", api.path(name, query), full, Content_Type=APPLY).status == 201
    answer = api.call("PATCH", api.path(name, query), manifest(name, {"input": PATH}), Content_Type=APPLY)
    assert (answer.status, answer.causes) == (422, [("spec.encoding", f"Forbidden: {ENCODING}")])
