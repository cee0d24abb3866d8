"""A bad spec is refused at once, by the field and with a sentence that says what to write."""

from __future__ import annotations

import pytest

from tests.resource.api import Api, manifest
from tests.resource.bad_specs import BAD, GOOD, Bad
from tests.resource.definition import SCHEMA, Json, fields

TOO_LONG_A_NAME = (
    "metadata.name has more than 63 characters: choose a shorter one, so that it can also stand as a label's value"
)


@pytest.mark.parametrize("bad", [pytest.param(one, id=one.id) for one in BAD])
def test_bad_spec_refused_with_its_sentence(api: Api, bad: Bad) -> None:
    answer = api.create("bad", bad.spec, query="dryRun=All")
    assert answer.status == 422, answer.body
    assert [field for field, _ in answer.causes] == [field for field, _ in bad.causes]
    for (_, said), (_, wanted) in zip(answer.causes, bad.causes, strict=True):
        assert said.endswith(wanted)


@pytest.mark.parametrize("spec", [pytest.param(spec, id=name) for name, spec in GOOD.items()])
def test_spec_at_the_limits_accepted(api: Api, spec: Json) -> None:
    answer = api.create("good", spec, query="dryRun=All")
    assert answer.status == 201, answer.body


def test_request_without_spec_refused(api: Api) -> None:
    body = {name: part for name, part in manifest("bare", {}).items() if name != "spec"}
    answer = api.call("POST", api.path(query="dryRun=All"), body)
    assert (answer.status, answer.causes) == (422, [("spec", "Required value")])


def test_misspelt_field_refused_by_name(api: Api) -> None:
    spec = {"input": {"inline": "x"}, "topWord": 3}
    answer = api.create("misspelt", spec, query="dryRun=All&fieldValidation=Strict")
    assert answer.status == 400
    assert 'unknown field "spec.topWord"' in answer.body["message"]


def test_longest_name_accepted_and_longer_refused(api: Api) -> None:
    spec = {"input": {"inline": "x"}}
    assert api.create("x" * 63, spec, query="dryRun=All").status == 201
    answer = api.create("x" * 64, spec, query="dryRun=All")
    assert answer.status == 422
    assert answer.body["message"].endswith(TOO_LONG_A_NAME)


def test_every_rule_of_a_new_request_has_a_case() -> None:
    nodes = [SCHEMA["properties"]["spec"], *fields("spec").values()]
    rules = [rule for node in nodes for rule in node.get("x-kubernetes-validations", [])]
    said = {text for bad in BAD for _, text in bad.causes}
    assert {rule["message"] for rule in rules if "oldSelf" not in rule["rule"]} - said == set()
