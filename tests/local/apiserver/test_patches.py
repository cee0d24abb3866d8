"""The patches as plain functions."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.apiserver.errors import ApiError
from local.apiserver.fieldsets import build, difference, flatten, owned
from local.apiserver.jsonpatch import apply_json_patch, apply_merge_patch
from local.apiserver.schema import of_builtin
from local.apiserver.strategic import apply_strategic_patch

SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | st.text("ab~/", max_size=3)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab~/", max_size=2), inner, max_size=3)
)
OBJECTS = st.dictionaries(st.text("ab", min_size=1, max_size=2), JSON, max_size=3)


def merge_difference(old: Any, new: Any) -> Any:
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return new
    patch: dict[str, Any] = dict.fromkeys(old.keys() - new.keys())
    return patch | {
        key: merge_difference(old.get(key), value) for key, value in new.items() if key not in old or value != old[key]
    }


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    return value


@given(OBJECTS, OBJECTS)
def test_merge_patch_of_a_difference_gives_the_new(old: dict[str, Any], new: dict[str, Any]) -> None:
    new = without_nulls(new)
    assert without_nulls(apply_merge_patch(copy.deepcopy(old), merge_difference(old, new))) == new


@given(OBJECTS, st.text("ab~/", min_size=1, max_size=3), JSON)
def test_added_member_can_be_tested_and_removed(document: dict[str, Any], name: str, value: Any) -> None:
    path = "/" + name.replace("~", "~0").replace("/", "~1")
    before = {key: item for key, item in document.items() if key != name}
    operations = [{"op": "add", "path": path, "value": value}, {"op": "test", "path": path, "value": value}]
    added = apply_json_patch(copy.deepcopy(before), operations)
    assert added == before | {name: value}
    assert apply_json_patch(added, [{"op": "remove", "path": path}]) == before


@given(OBJECTS, JSON)
def test_any_json_is_a_patch_or_a_refusal(document: dict[str, Any], patch: Any) -> None:
    codes: set[int] = set()
    try:
        apply_json_patch(copy.deepcopy(document), patch)
    except ApiError as refusal:
        codes.add(refusal.code)
    assert codes <= {400, 422}


@pytest.mark.parametrize("path", ["/list/01", "/list/9", "/list/-1", "/none/x", "/list/x"])
def test_path_that_leads_nowhere_is_refused(path: str) -> None:
    with pytest.raises(ApiError, match="does not exist"):
        apply_json_patch({"list": [1, 2]}, [{"op": "remove", "path": path}])


@given(st.sets(st.lists(st.sampled_from(["f:a", "f:b", 'k:{"n":1}', "v:1"]), min_size=1, max_size=4).map(tuple)))
def test_field_set_survives_its_written_form(fields: set[tuple[str, ...]]) -> None:
    assert flatten(build(fields)) == fields


@given(OBJECTS)
def test_object_does_not_differ_from_itself(document: dict[str, Any]) -> None:
    assert difference(document, copy.deepcopy(document), {}) == (set(), set())
    assert owned(document, {}) == owned(copy.deepcopy(document), {})


def pod(*containers: dict[str, Any]) -> dict[str, Any]:
    return {"spec": {"containers": list(containers)}}


STRATEGIC = [
    (pod({"name": "a", "image": "1"}), pod({"name": "a", "image": "2"}), pod({"name": "a", "image": "2"})),
    (pod({"name": "a"}), pod({"name": "b"}), pod({"name": "a"}, {"name": "b"})),
    (pod({"name": "a"}, {"name": "b"}), pod({"name": "a", "$patch": "delete"}), pod({"name": "b"})),
    (pod({"name": "a"}), pod({"$patch": "replace"}, {"name": "c"}), pod({"name": "c"})),
    (
        {"metadata": {"finalizers": ["x"]}},
        {"metadata": {"finalizers": ["y"]}},
        {"metadata": {"finalizers": ["x", "y"]}},
    ),
    (
        {"metadata": {"finalizers": ["x", "y"]}},
        {"metadata": {"$deleteFromPrimitiveList/finalizers": ["x"]}},
        {"metadata": {"finalizers": ["y"]}},
    ),
    (
        pod({"name": "a"}, {"name": "b"}),
        {"spec": {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]}},
        pod({"name": "b"}, {"name": "a"}),
    ),
    ({"spec": {"a": 1, "hostname": "x"}}, {"spec": {"$retainKeys": ["a"], "a": 2}}, {"spec": {"a": 2}}),
]


@pytest.mark.parametrize(("document", "patch", "result"), STRATEGIC)
def test_strategic_patch_knows_its_lists(document: Any, patch: Any, result: Any) -> None:
    schema = of_builtin("", "v1", "Pod")
    assert schema is not None
    assert apply_strategic_patch(copy.deepcopy(document), patch, schema) == result
