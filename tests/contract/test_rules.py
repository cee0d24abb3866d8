"""CEL rules of custom kinds: when they run, and what they say."""

from __future__ import annotations

import pytest

from tests.contract import widgets
from tests.contract.client import Client, Json
from tests.contract.server import until
from tests.contract.widgets import widget

STRING: Json = {"type": "string"}


def test_broken_rule_says_its_message(api: Client, home: str) -> None:
    api.create(home, widget())
    answer = api.patch(f"{home}/one", {"spec": {"colour": "blue"}})
    assert (answer.status, answer.reason) == (422, "Invalid")
    field, message = answer.causes()[0]
    assert (field, message.rpartition(": ")[2]) == ("spec", "colour cannot be changed")


def test_message_expression_speaks_of_the_value(api: Client, home: str) -> None:
    answer = api.call("POST", home, widget(low=7))
    assert answer.causes()[0][1].endswith("low is too high for a red one")


def test_rule_is_not_asked_where_its_field_is_unchanged(api: Client, home: str) -> None:
    api.create(home, widget(low=5))
    assert api.patch(f"{home}/one", {"metadata": {"labels": {"a": "b"}}}).status == 200


def rules(*found: Json, **properties: Json) -> Json:
    return {"type": "object", "x-kubernetes-validations": list(found), "properties": properties}


@pytest.fixture(scope="session")
def ruled(api: Client) -> str:
    """A kind whose rules use what the others do not."""
    optional = {
        "rule": "!oldSelf.hasValue() || oldSelf.value() == self",
        "optionalOldSelf": True,
        "message": "write once",
    }
    at_field = {
        "rule": "self.a != self.b",
        "message": "must differ",
        "fieldPath": ".b",
        "reason": "FieldValueForbidden",
    }
    keyed = {
        "type": "array",
        "maxItems": 10,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["name"],
        "items": {
            "type": "object",
            "required": ["name"],
            "properties": {"name": STRING | {"maxLength": 20}, "value": {"type": "integer"}},
            "x-kubernetes-validations": [{"rule": "self.value >= oldSelf.value", "message": "value only grows"}],
        },
    }
    spec = rules(
        {"rule": "[has(self.a), has(self.namespace_)].filter(x, x).size() <= 1 || self.a.startsWith('x')"},
        at_field | {"rule": "!has(self.a) || !has(self.b) || self.a != self.b"},
        size={"type": "integer"},
        a=STRING | {"maxLength": 20},
        b=STRING | {"maxLength": 20},
        namespace=STRING | {"maxLength": 20, "x-kubernetes-validations": [{"rule": "self.find('[0-9]+') == ''"}]},
        namespace_=STRING | {"maxLength": 20},
        once=STRING | {"maxLength": 20, "x-kubernetes-validations": [optional]},
        share={"type": "number", "x-kubernetes-validations": [{"rule": "self < 1.5", "message": "too much"}]},
        rows=keyed,
    )
    body = widgets.definition("ruleds", "Ruled", spec, selectableFields=[], additionalPrinterColumns=[])
    answer = api.call("POST", widgets.DEFINITIONS, body)
    assert answer.status in (201, 409), answer.body
    until(lambda: api.get(f"/apis/{widgets.GROUP}/v1/ruleds").status == 200)
    return "ruleds"


def test_optional_old_self_sees_first_and_second_value(api: Client, ruled: str, namespace: str) -> None:
    path = widgets.collection(namespace, ruled)
    api.create(path, widget(kind="Ruled"))
    assert api.patch(f"{path}/one", {"spec": {"once": "set"}}).status == 200
    answer = api.patch(f"{path}/one", {"spec": {"once": "other"}})
    assert answer.causes() == [("spec.once", 'Invalid value: "other": write once')]


def test_field_path_and_reason_are_the_rules_own(api: Client, ruled: str, namespace: str) -> None:
    answer = api.call("POST", widgets.collection(namespace, ruled), widget(kind="Ruled", a="q", b="q"))
    assert answer.causes() == [("spec.b", "Forbidden: must differ")]
    assert answer.body["details"]["causes"][0]["reason"] == "FieldValueForbidden"


def test_transition_follows_the_key_of_a_list(api: Client, ruled: str, namespace: str) -> None:
    path = widgets.collection(namespace, ruled)
    api.create(path, widget(kind="Ruled", rows=[{"name": "a", "value": 5}, {"name": "b", "value": 1}]))
    moved = {"spec": {"rows": [{"name": "b", "value": 1}, {"name": "a", "value": 6}, {"name": "c", "value": 0}]}}
    assert api.patch(f"{path}/one", moved).status == 200
    answer = api.patch(f"{path}/one", {"spec": {"rows": [{"name": "a", "value": 5}]}})
    assert answer.causes()[0][0] == "spec.rows[0]"


def test_whole_number_counts_as_a_number(api: Client, ruled: str, namespace: str) -> None:
    path = widgets.collection(namespace, ruled)
    assert api.call("POST", path, widget(kind="Ruled", share=1)).status == 201
    assert api.call("POST", path, widget("two", kind="Ruled", share=2)).status == 422


def test_reserved_name_and_find_work(api: Client, ruled: str, namespace: str) -> None:
    answer = api.call("POST", widgets.collection(namespace, ruled), widget(kind="Ruled", namespace="a1"))
    assert answer.causes()[0][0] == "spec.namespace"


BROKEN = [
    ("self.size >", "syntax"),
    ("self.size + 1", "type"),
    ("size(self.size) == unknown(self)", "undeclared"),
]


@pytest.mark.parametrize(("rule", "kind"), BROKEN, ids=[kind for _, kind in BROKEN])
def test_rule_that_does_not_compile_is_refused(api: Client, rule: str, kind: str) -> None:
    spec = rules({"rule": rule}, size={"type": "integer"})
    answer = api.call("POST", widgets.DEFINITIONS, widgets.definition("brokens", "Broken", spec))
    assert (answer.status, answer.reason) == (422, "Invalid")
    assert any(field.endswith("x-kubernetes-validations[0].rule") for field, _ in answer.causes())
