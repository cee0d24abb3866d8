"""Parts of a table by bytes beside conditions: what a client knows comes first, and a weak tag stands for no bytes."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.api import artefacts
from tests.api.fake_cluster import FakeCluster

PATH = "/requests/fox/words?format=csv"
CSV = artefacts.CSV


@pytest.mark.parametrize(
    ("conditions", "status", "content"),
    [
        ({}, 206, CSV[:4]),
        ({"If-None-Match": "TAG"}, 304, b""),
        ({"If-None-Match": "W/TAG"}, 304, b""),
        ({"If-None-Match": "*"}, 304, b""),
        ({"If-None-Match": '"another"'}, 206, CSV[:4]),
        ({"If-Range": "TAG"}, 206, CSV[:4]),
        ({"If-Range": "W/TAG"}, 200, CSV),
        ({"If-Range": '"another"'}, 200, CSV),
        ({"If-Range": "Wed, 21 Oct 2015 07:28:00 GMT"}, 200, CSV),
    ],
)
def test_part_is_given_under_conditions(
    client: FlaskClient, cluster: FakeCluster, root: Path, conditions: dict[str, str], status: int, content: bytes
) -> None:
    client.post("/upload?name=fox", data=b"x", content_type="text/plain")
    cluster.set_status("fox", artefacts.finished(root))
    tag = client.get(PATH).headers["ETag"]
    headers = {name: value.replace("TAG", tag) for name, value in conditions.items()}

    answer = client.get(PATH, headers={"Range": "bytes=0-3", **headers})

    assert (answer.status_code, answer.data) == (status, content)
