"""What the workers really write is what the API serves: words in all three formats, and tokens over shards."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from arro3.io import read_ipc
from flask.testing import FlaskClient

from tests.api.asserting import assert_answer
from tests.api.fake_cluster import FakeCluster
from tests.contract.server import ROOT
from textmill import layout
from textmill.orders import CountOrder, Order, TokenizeOrder

TEXT = 'The cat, the "צה"ל" and 1,000 cats.\nThe CAT again.\n' * 50
UID = "00000000-0000-4000-8000-000000000001"


def _work(root: Path, command: str, out: str, order: Order, *flags: str) -> dict[str, Any]:
    arguments = [sys.executable, "-m", "worker", command, "--root", str(root), "--out", out, "--order", order.text()]
    done = subprocess.run([*arguments, *flags], cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)
    (line,) = [one for one in done.stdout.splitlines() if one.startswith("@report ")]
    report = json.loads(line.removeprefix("@report "))
    assert report["outcome"] == "done", report
    return dict(report)


def _finish(client: FlaskClient, cluster: FakeCluster, root: Path, shards: int) -> None:
    body = assert_answer(client.post("/upload?name=fox", data=TEXT.encode(), content_type="text/plain"), 202)
    for index in range(shards):
        order = TokenizeOrder(UID, "upload", body["input"]["sha256"])
        _work(root, "tokenize", layout.job_tokens("jt"), order, "--shards", str(shards), "--index", str(index))
    path = layout.tokens("jt", UID)
    report = _work(root, "count", layout.job_results("jc"), CountOrder(UID, path, shards))
    status = {"phase": "Succeeded", "settled": True, "tokens": {"path": path, "shards": shards}}
    cluster.set_status("fox", {**status, "result": report["result"]})


def test_words_and_tokens_of_a_counted_text_agree(client: FlaskClient, cluster: FakeCluster, root: Path) -> None:
    _finish(client, cluster, root, shards=2)

    result = assert_answer(client.get("/requests/fox"))["result"]
    words = client.get("/requests/fox/words").get_json()
    csv = client.get("/requests/fox/words?format=csv").get_data(as_text=True).splitlines()
    arrow = read_ipc(io.BytesIO(client.get("/requests/fox/words?format=arrow").data)).read_all()
    tokens = [json.loads(line) for line in client.get("/requests/fox/tokens").data.splitlines()]

    assert words == [
        {"word": "the", "count": 150},
        {"word": "cat", "count": 100},
        {"word": "1,000", "count": 50},
        {"word": "again", "count": 50},
        {"word": "and", "count": 50},
        {"word": "cats", "count": 50},
        {"word": 'צה"ל', "count": 50},
    ]
    assert (len(csv), csv[0], csv[1], csv[3]) == (8, "word,count", "the,150", '"1,000",50')
    assert arrow.column("word").to_pylist() == [one["word"] for one in words]
    assert arrow.column("count").to_pylist() == [one["count"] for one in words]
    assert (result["tokens"], result["distinctWords"]) == (len(tokens), len(words)) == (500, 7)
    assert [token["position"] for token in tokens] == list(range(500))
    first = [token["word"] for token in tokens[:10]]
    assert first == ["the", "cat", "the", 'צה"ל', "and", "1,000", "cats", "the", "cat", "again"]
