"""What a custom object must be: pruned, defaulted, of the right types, within its bounds."""

from __future__ import annotations

import pytest

from tests.contract.client import Client, Json
from tests.contract.widgets import widget


def test_unknown_field_is_dropped_with_a_warning(api: Client, home: str) -> None:
    answer = api.create(home, widget(typo=1))
    assert answer.body["spec"] == {"size": 5, "colour": "red"}
    assert answer.warnings == ['unknown field "spec.typo"']


def test_unknown_field_is_dropped_silently_if_asked(api: Client, home: str) -> None:
    answer = api.create(home, widget(typo=1), fieldValidation="Ignore")
    assert (answer.body["spec"], answer.warnings) == ({"size": 5, "colour": "red"}, [])


def test_unknown_field_is_refused_if_asked(api: Client, home: str) -> None:
    answer = api.call("POST", home, widget(typo=1, mode={"x": 1}), fieldValidation="Strict")
    assert (answer.status, answer.reason) == (400, "BadRequest")
    assert answer.message.startswith('Widget in version "v1" cannot be handled as a Widget: strict decoding error: ')
    assert 'unknown field "spec.mode.x"' in answer.message
    assert 'unknown field "spec.typo"' in answer.message


def test_doubled_field_is_refused_if_asked(api: Client, home: str) -> None:
    raw = b'{"apiVersion":"contract.test/v1","kind":"Widget","metadata":{"name":"a"},"spec":{"size":1,"size":2}}'
    answer = api.call("POST", home, raw, fieldValidation="Strict")
    assert answer.status == 400
    assert 'duplicate field "spec.size"' in answer.message


def test_unknown_field_of_a_built_in_kind_is_refused_if_asked(api: Client, config_maps: str) -> None:
    answer = api.call("POST", config_maps, {"metadata": {"name": "a"}, "daat": {}}, fieldValidation="Strict")
    assert (answer.status, 'unknown field "daat"' in answer.message) == (400, True)


def test_wrong_type_in_a_built_in_kind_is_bad_request(api: Client, config_maps: str) -> None:
    assert api.call("POST", config_maps, {"metadata": {"name": "a"}, "data": {"x": 1}}).status == 400


def test_free_object_keeps_what_it_holds(api: Client, home: str) -> None:
    free = {"any": {"thing": [1, {"goes": None}]}}
    assert api.create(home, widget(free=free)).body["spec"]["free"] == free


def test_defaults_fill_what_is_there(api: Client, home: str) -> None:
    assert api.create(home, widget(mode={})).body["spec"] == {"size": 5, "colour": "red", "mode": {"name": "plain"}}


def test_null_stays_where_it_is_allowed(api: Client, home: str) -> None:
    made = api.create(home, widget(note=None, colour=None)).body["spec"]
    assert made == {"size": 5, "colour": "red", "note": None}


BAD: list[tuple[Json, str, str]] = [
    ({"size": "5"}, "spec.size", 'Invalid value: "string": spec.size in body must be of type integer: "string"'),
    ({"size": 0}, "spec.size", "Invalid value: 0: spec.size in body should be greater than or equal to 1"),
    ({"size": 101}, "spec.size", "Invalid value: 101: spec.size in body should be less than or equal to 100"),
    ({"colour": "x" * 11}, "spec.colour", "Too long: may not be more than 10 bytes"),
    ({"tags": ["a", "b", "c", "d"]}, "spec.tags", "Too many: 4: must have at most 3 items"),
    ({"tags": ["a", "a"]}, "spec.tags[1]", 'Duplicate value: "a"'),
    ({"mode": {"at": "noon"}}, "spec.mode.at", "date-time"),
    ({"labels": {"a": 1}}, "spec.labels.a", "must be of type string"),
    ({"port": 1.5}, "spec.port", "integer"),
]


@pytest.mark.parametrize(("spec", "field", "text"), BAD, ids=[f"{field}-{i}" for i, (_, field, _) in enumerate(BAD)])
def test_bad_value_is_named(api: Client, home: str, spec: Json, field: str, text: str) -> None:
    answer = api.call("POST", home, widget(**spec))
    assert (answer.status, answer.reason) == (422, "Invalid")
    found = dict(answer.causes())
    assert field in found
    if field != "spec.port":
        assert text in found[field]
    assert answer.message.startswith('Widget.contract.test "one" is invalid: ')


@pytest.mark.parametrize("port", [80, "http"])
def test_int_or_string_takes_both(api: Client, home: str, port: object) -> None:
    assert api.create(home, widget(port=port)).body["spec"]["port"] == port


def sized(text: str) -> bytes:
    """Return a widget whose size is written so."""
    head = '{"apiVersion":"contract.test/v1","kind":"Widget","metadata":{"name":"a"},"spec":{"size":'
    return f"{head}{text}}}}}".encode()


@pytest.mark.parametrize("text", ["5e0", "5.0", "50e-1"])
def test_whole_number_is_kept_without_point_or_exponent(api: Client, home: str, text: str) -> None:
    raw = sized(text)
    made = api.call("POST", home, raw)
    kept = api.get(f"{home}/a").body["spec"]["size"]
    assert (made.status, repr(made.body["spec"]["size"]), repr(kept)) == (201, "5", "5")


@pytest.mark.parametrize("text", ["5.5", "55e-1"])
def test_fraction_is_no_integer(api: Client, home: str, text: str) -> None:
    raw = sized(text)
    assert api.call("POST", home, raw).causes()[0][0] == "spec.size"


def test_missing_required_field_is_named(api: Client, home: str) -> None:
    body = widget()
    del body["spec"]["size"]
    assert api.call("POST", home, body).causes()[0] == ("spec.size", "Required value")


def test_all_faults_are_told_at_once(api: Client, home: str) -> None:
    answer = api.call("POST", home, widget(size=0, colour="x" * 11))
    assert {field for field, _ in answer.causes()} >= {"spec.size", "spec.colour"}


def test_immutable_config_map_stays(api: Client, config_maps: str) -> None:
    api.create(config_maps, {"metadata": {"name": "a"}, "data": {"x": "1"}, "immutable": True})
    answer = api.patch(f"{config_maps}/a", {"data": {"x": "2"}})
    assert (answer.status, answer.causes()[0][0]) == (422, "data")


def test_secret_takes_plain_text(api: Client, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/secrets"
    made = api.create(path, {"metadata": {"name": "a"}, "stringData": {"x": "y"}}).body
    assert (made["data"], made["type"], "stringData" in made) == ({"x": "eQ=="}, "Opaque", False)
