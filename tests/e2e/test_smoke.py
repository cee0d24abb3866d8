"""The part of the end-to-end tests that every change has to pass: install, upload, apply, one kill."""

from __future__ import annotations

import json

from tests.e2e.kube import run
from tests.e2e.release import Release, reason

TEXT = b"the mill grinds the words and the words fall\n"


def test_uploaded_file_comes_out_as_its_words(mill: Release) -> None:
    mill.upload("first", TEXT)
    status = mill.ended("first")
    assert (status["phase"], reason(status)) == ("Succeeded", "Counted")
    assert {key: status["result"][key] for key in ("bytes", "tokens", "distinctWords")} == {
        "bytes": len(TEXT),
        "tokens": 9,
        "distinctWords": 6,
    }
    assert status["result"]["topWords"][:2] == [{"word": "the", "count": 3}, {"word": "words", "count": 2}]
    code, table = mill.call("GET", "/requests/first/words?format=csv")
    assert (code, table.decode().splitlines()[:3]) == (200, ["word,count", "the,3", "words,2"])


def test_applied_request_is_waited_for_and_shown_by_kubectl(mill: Release) -> None:
    mill.create("applied", {"inline": "one two two"})
    mill.kubectl("wait", "preq/applied", "--for=condition=Succeeded", "--timeout=120s")
    header, row = mill.kubectl("get", "preq", "applied").splitlines()
    assert header.split() == ["NAME", "PHASE", "PROGRESS%", "WORDS", "DISTINCT", "AGE"]
    assert row.split()[:5] == ["applied", "Succeeded", "100", "3", "2"]


def test_chart_proves_itself_by_helm_test(mill: Release) -> None:
    assert "Phase:          Succeeded" in run("helm", "test", "textmill", f"--namespace={mill.namespace}")


def test_killed_leader_is_followed_and_nothing_is_lost(mill: Release) -> None:
    for index in range(5):
        mill.create(f"over-{index}", {"inline": f"word{index} and more"})
    assert mill.followed(mill.lose_leader())
    found = {name: mill.ended(name)["result"]["tokens"] for name in (f"over-{index}" for index in range(5))}
    assert found == dict.fromkeys(found, 3)


def test_answers_over_http_and_kubectl_agree(mill: Release) -> None:
    mill.create("agree", {"inline": "a b c"})
    result = mill.ended("agree")["result"]
    code, answer = mill.call("GET", "/requests/agree")
    assert (code, json.loads(answer)["result"]["tokens"]) == (200, result["tokens"])
