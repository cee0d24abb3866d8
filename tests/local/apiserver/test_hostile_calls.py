"""Calls made to hang or break the server: each is the client's fault and told so, and the server serves on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.client import Client
from tests.contract.server import serving
from tests.local.apiserver.conftest import client

MAPS = "/api/v1/namespaces/default/configmaps"
ONE = f"{MAPS}/one"
JSON, JSON_PATCH = "application/json", "application/json-patch+json"
STRATEGIC, APPLY, YAML = "application/strategic-merge-patch+json", "application/apply-patch+yaml", "application/yaml"
LAUGHS = b"a: &a [x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (now, now, b",".join([b"*%c" % before] * 9))
    for before, now in zip(b"abcdefg", b"bcdefgh", strict=True)
)
NAMED = b"kind: ConfigMap\napiVersion: v1\nmetadata: {name: one}\n"
DOUBLING = b"[%s]" % b",".join(b'{"op":"copy","from":"/data","path":"/data/a%d"}' % number for number in range(40))


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with serving(tmp_path_factory.mktemp("server")) as server:
        api = client(server)
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one"}, "data": {"a": "b"}}
        api.create(MAPS, body)
        yield api


@pytest.mark.parametrize(
    ("method", "media", "body", "status"),
    [
        ("POST", JSON, b"[" * 100_000, 400),
        ("POST", JSON, b'{"a":' * 50_000, 400),
        ("POST", YAML, b"[" * 100_000, 400),
        ("POST", YAML, LAUGHS + NAMED, 400),
        ("PATCH", APPLY, LAUGHS + NAMED, 400),
        ("POST", YAML, b"&a [*a]", 400),
        ("POST", YAML, b"!!python/object/apply:os.system ['true']", 400),
        ("POST", YAML, b"? {a: b}\n: c", 400),
        ("PATCH", JSON_PATCH, DOUBLING, 413),
        ("PATCH", STRATEGIC, b'{"$retainKeys":3}', 400),
        ("PATCH", STRATEGIC, b'{"$deleteFromPrimitiveList/data":{"a":1}}', 400),
        ("PATCH", STRATEGIC, b'{"metadata":{"$setElementOrder/finalizers":1}}', 400),
    ],
    ids=range(12),
)
def test_body_that_cannot_be_meant_is_refused(api: Client, method: str, media: str, body: bytes, status: int) -> None:
    path = MAPS if method == "POST" else ONE
    query: dict[str, Any] = {"fieldManager": "x"} if media == APPLY else {}
    assert api.call(method, path, body, media=media, **query).status == status
    assert api.get(ONE).body["data"] == {"a": "b"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": "Bearer \xff\xfe"}, 401),
        ({"Host": "\xff"}, 403),
        ({"Origin": "\xff"}, 403),
        ({"Content-Type": "\xff"}, 415),
    ],
    ids=["token", "host", "origin", "type"],
)
def test_headers_that_are_no_utf8_are_refused_as_any_other(api: Client, headers: dict[str, str], status: int) -> None:
    answer = api.call("POST", MAPS, b"{}", headers=headers)
    assert (answer.status, answer.body["kind"]) == (status, "Status")
