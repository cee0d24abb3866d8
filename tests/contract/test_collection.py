"""What goes when its owner goes, and namespaces that empty themselves. (A real cluster needs its controllers.)"""

from __future__ import annotations

from typing import Any

from tests.contract import widgets
from tests.contract.client import Client, Json
from tests.contract.server import until


def owned(name: str, *owners: Json, block: bool | None = None) -> Json:
    references = []
    for owner in owners:
        reference: dict[str, Any] = {"apiVersion": "v1", "kind": "ConfigMap"}
        reference |= {name: owner["metadata"][name] for name in ("name", "uid")}
        references.append(reference if block is None else reference | {"blockOwnerDeletion": block})
    return {"metadata": {"name": name, "ownerReferences": references} if references else {"name": name}}


def names(api: Client, path: str) -> list[str]:
    return [name for name in api.get(path).names if name != "kube-root-ca.crt"]


def test_dependents_go_with_their_owner(api: Client, config_maps: str) -> None:
    owner = api.create(config_maps, owned("owner")).body
    middle = api.create(config_maps, owned("middle", owner)).body
    api.create(config_maps, owned("leaf", middle))
    api.create(config_maps, owned("other"))
    api.delete(f"{config_maps}/owner")
    until(lambda: names(api, config_maps) == ["other"])


def test_dependent_stays_while_one_owner_lives(api: Client, config_maps: str) -> None:
    first, second = (api.create(config_maps, owned(name)).body for name in ("first", "second"))
    api.create(config_maps, owned("shared", first, second))
    api.delete(f"{config_maps}/first")

    def left() -> list[str]:
        references = api.get(f"{config_maps}/shared").body["metadata"]["ownerReferences"]
        return [reference["name"] for reference in references]

    until(lambda: left() == ["second"])
    api.delete(f"{config_maps}/second")
    until(lambda: names(api, config_maps) == [])


def test_dependent_of_a_gone_owner_is_collected(api: Client, config_maps: str) -> None:
    owner = api.create(config_maps, owned("owner")).body
    api.delete(f"{config_maps}/owner")
    api.create(config_maps, owned("late", owner))
    until(lambda: names(api, config_maps) == [])


def test_successor_of_the_same_name_is_no_owner(api: Client, config_maps: str) -> None:
    owner = api.create(config_maps, owned("owner")).body
    api.delete(f"{config_maps}/owner")
    api.create(config_maps, owned("owner"))
    api.create(config_maps, owned("late", owner))
    until(lambda: names(api, config_maps) == ["owner"])


def test_foreground_deletion_waits_for_dependents(api: Client, config_maps: str) -> None:
    owner = api.create(config_maps, owned("owner")).body
    held = owned("held", owner, block=True)
    held["metadata"]["finalizers"] = ["contract.test/hold"]
    api.create(config_maps, held)
    answer = api.delete(f"{config_maps}/owner", {"propagationPolicy": "Foreground"}).body
    assert answer["metadata"]["finalizers"] == ["foregroundDeletion"]
    until(lambda: "deletionTimestamp" in api.get(f"{config_maps}/held").body["metadata"])
    assert names(api, config_maps) == ["held", "owner"]
    api.patch(f"{config_maps}/held", {"metadata": {"finalizers": None}})
    until(lambda: names(api, config_maps) == [])


def test_orphans_stay_without_their_owner(api: Client, config_maps: str) -> None:
    owner = api.create(config_maps, owned("owner")).body
    api.create(config_maps, owned("orphan", owner))
    api.delete(f"{config_maps}/owner", {"propagationPolicy": "Orphan"})
    until(lambda: names(api, config_maps) == ["orphan"])
    assert "ownerReferences" not in api.get(f"{config_maps}/orphan").body["metadata"]


def test_owner_of_an_unknown_kind_is_left_alone(api: Client, config_maps: str) -> None:
    stranger = {
        "apiVersion": "none.test/v1",
        "kind": "Thing",
        "name": "x",
        "uid": "11111111-2222-3333-4444-555555555555",
    }
    api.create(config_maps, {"metadata": {"name": "kept", "ownerReferences": [stranger]}})
    owner = api.create(config_maps, owned("owner")).body
    api.create(config_maps, owned("witness", owner))
    api.delete(f"{config_maps}/owner")
    until(lambda: "witness" not in names(api, config_maps))
    assert names(api, config_maps) == ["kept"]


def test_namespace_goes_with_all_that_is_in_it(api: Client, home: str, config_maps: str, namespace: str) -> None:
    api.create(home, widgets.widget())
    held = owned("held")
    held["metadata"]["finalizers"] = ["contract.test/hold"]
    api.create(config_maps, held)
    assert api.delete(f"/api/v1/namespaces/{namespace}").body["status"]["phase"] == "Terminating"
    refused = api.call("POST", config_maps, owned("late"))
    assert (refused.status, refused.reason) == (403, "Forbidden")
    until(lambda: api.get(home).names == [])
    assert api.get(f"/api/v1/namespaces/{namespace}").status == 200
    api.patch(f"{config_maps}/held", {"metadata": {"finalizers": None}})
    until(lambda: api.get(f"/api/v1/namespaces/{namespace}").status == 404)


def test_definition_goes_with_its_objects(api: Client, namespace: str) -> None:
    body = widgets.definition("gadgets", "Gadget")
    api.create(widgets.DEFINITIONS, body)
    path = widgets.collection(namespace, "gadgets")
    until(lambda: api.get(path).status == 200)
    api.create(path, widgets.widget(kind="Gadget"))
    assert api.delete(f"{widgets.DEFINITIONS}/gadgets.contract.test").status == 200
    until(lambda: api.get(path).status == 404)
    until(lambda: api.get(f"{widgets.DEFINITIONS}/gadgets.contract.test").status == 404)
