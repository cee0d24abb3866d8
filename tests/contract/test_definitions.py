"""CustomResourceDefinitions: what they must be, and that they are served once accepted."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract import widgets
from tests.contract.client import Client, Json
from tests.contract.server import until
from tests.contract.widgets import DEFINITIONS, widget


def test_accepted_definition_is_established(api: Client, widget_kind: str) -> None:
    status = api.get(f"{DEFINITIONS}/widgets.contract.test").body["status"]
    assert {row["type"]: row["status"] for row in status["conditions"]} == {
        "NamesAccepted": "True",
        "Established": "True",
    }
    assert (status["storedVersions"], status["acceptedNames"]["shortNames"]) == (["v1"], ["wdg"])


def schema(**members: Any) -> Json:
    return {"type": "object", "properties": {"x": members}}


REFUSED: list[tuple[str, Json, str]] = [
    ("no type", schema(description="x"), "type"),
    ("no items", schema(type="array"), "items"),
    ("both kinds of members", schema(type="object", properties={"a": {"type": "string"}},
                                     additionalProperties={"type": "string"}), "additionalProperties"),
    ("list keys missing", schema(type="array", items={"type": "object"}, **{"x-kubernetes-list-type": "map"}), "keys"),
    ("default of another type", schema(type="integer", default="x"), "default"),
]  # fmt: skip


@pytest.mark.parametrize(("spec", "field"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_schema_that_is_not_structural_is_refused(api: Client, spec: Json, field: str) -> None:
    answer = api.call("POST", DEFINITIONS, widgets.definition("oddities", "Oddity", spec))
    assert (answer.status, answer.reason) == (422, "Invalid")
    assert any(field in cause[0] for cause in answer.causes()), answer.causes()


def test_name_must_fit_group_and_plural(api: Client) -> None:
    body = widgets.definition("oddities", "Oddity")
    body["metadata"]["name"] = "others.contract.test"
    assert "metadata.name" in dict(api.call("POST", DEFINITIONS, body).causes())


def test_selectable_field_must_be_a_scalar(api: Client) -> None:
    body = widgets.definition("oddities", "Oddity", selectableFields=[{"jsonPath": ".spec.tags"}])
    answer = api.call("POST", DEFINITIONS, body)
    assert "spec.selectableFields[0].jsonPath" in dict(answer.causes())


def test_group_cannot_change(api: Client, widget_kind: str) -> None:
    answer = api.patch(f"{DEFINITIONS}/widgets.contract.test", {"spec": {"scope": "Cluster"}})
    assert (answer.status, "spec.scope" in dict(answer.causes())) == (422, True)


def test_new_field_is_kept_once_the_schema_knows_it(api: Client, namespace: str) -> None:
    body = widgets.definition("growings", "Growing")
    api.create(DEFINITIONS, body)
    path = widgets.collection(namespace, "growings")
    until(lambda: api.get(path).status == 200)
    assert "more" not in api.create(path, widget("before", kind="Growing", more="x")).body["spec"]
    properties = body["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    properties["more"] = {"type": "string"}
    body["spec"]["versions"][0]["selectableFields"].append({"jsonPath": ".spec.more"})
    assert api.patch(f"{DEFINITIONS}/growings.contract.test", {"spec": body["spec"]}).status == 200
    until(lambda: api.get(path, fieldSelector="spec.more=x").status == 200)
    assert api.create(path, widget("after", kind="Growing", more="x")).body["spec"]["more"] == "x"
    assert api.get(path, fieldSelector="spec.more=x").names == ["after"]
    api.delete(f"{DEFINITIONS}/growings.contract.test")


def test_stricter_schema_forgives_what_is_untouched(api: Client, namespace: str) -> None:
    body = widgets.definition("strictings", "Stricting")
    api.create(DEFINITIONS, body)
    path = widgets.collection(namespace, "strictings")
    until(lambda: api.get(path).status == 200)
    api.create(path, widget(kind="Stricting", size=50))
    properties = body["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    properties["size"]["maximum"] = 10
    api.patch(f"{DEFINITIONS}/strictings.contract.test", {"spec": body["spec"]})
    until(lambda: api.call("POST", path, widget("new", kind="Stricting", size=50)).status == 422)
    assert api.patch(f"{path}/one", {"metadata": {"labels": {"a": "b"}}}).status == 200
    assert api.patch(f"{path}/one", {"spec": {"size": 49}}).status == 422
    api.delete(f"{DEFINITIONS}/strictings.contract.test")


def test_second_version_shows_the_same_objects(api: Client, namespace: str) -> None:
    body = widgets.definition("elders", "Elder")
    versions = body["spec"]["versions"]
    versions.append({**versions[0], "name": "v2", "storage": False})
    api.create(DEFINITIONS, body)
    path = widgets.collection(namespace, "elders")
    until(lambda: api.get(path).status == 200)
    api.create(path, widget(kind="Elder"))
    newer = path.replace("/v1/", "/v2/")
    until(lambda: api.get(newer).status == 200)
    assert api.get(f"{newer}/one").body["apiVersion"] == "contract.test/v2"
    assert [item["apiVersion"] for item in api.get(newer).body["items"]] == ["contract.test/v2"]
    changed = api.patch(f"{newer}/one", {"spec": {"size": 6}}).body
    assert (changed["apiVersion"], api.get(f"{path}/one").body["spec"]["size"]) == ("contract.test/v2", 6)
    api.delete(f"{DEFINITIONS}/elders.contract.test")
