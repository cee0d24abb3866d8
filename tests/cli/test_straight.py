"""The way straight to Kubernetes, and the same as a plugin of the real kubectl."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.stack import Stack, stack
from tests.cli.answering import REQUEST, Told, answering
from tests.cli.terminal import PATIENCE, Done, environment, on_terminal, textmill
from tests.contract.server import until
from textmill_cli.chosen import is_straight

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def running() -> Iterator[Stack]:
    with stack() as one:
        yield one


@pytest.fixture(scope="module")
def settings(running: Stack) -> dict[str, str]:
    return {"KUBECONFIG": str(running.state / "kubeconfig"), "TEXTMILL_SERVER": "kubernetes"}


@pytest.fixture(scope="module")
def counted(settings: dict[str, str]) -> str:
    done = textmill("submit", "-", "--name", "counted", "--top-words", "2", "--wait", text="a b a c", settings=settings)
    assert done.code == 0, done.err
    assert done.lines[0]["result"]["tokens"] == 4
    return "counted"


def test_same_answer_comes_by_both_ways(running: Stack, settings: dict[str, str], counted: str) -> None:
    (straight,) = textmill("get", counted, settings=settings).lines
    (over_http,) = textmill("get", counted, "--server", f"http://127.0.0.1:{running.port}", settings=settings).lines
    assert over_http.pop("links")["self"] == "/requests/counted"
    assert straight == over_http


def test_status_and_place_come_by_both_ways(running: Stack, settings: dict[str, str], counted: str) -> None:
    server = ("--server", f"http://127.0.0.1:{running.port}")
    (straight,) = textmill("status", settings=settings).lines
    (over_http,) = textmill("status", *server, settings=settings).lines
    for told in (straight, over_http):
        assert told["operator"]["leader"].pop("renewedAt")
    assert straight == over_http
    assert (straight["waiting"], straight["operator"]["servesThis"]) == (0, True)
    nowhere = textmill("status", "--namespace", "nowhere", settings=settings)
    assert (nowhere.code, nowhere.err.splitlines()[1]) == (
        3,
        "textmill: Name the operator's own namespace: -n NAMESPACE.",
    )


def test_words_are_those_of_the_status_and_no_more(settings: dict[str, str], counted: str) -> None:
    done = textmill("words", counted, "-o", "csv", "--limit", "2", settings=settings)
    assert done == Done(0, "word,count\na,2\nb,1\n")
    assert textmill("words", counted, "--limit", "1", settings=settings).out == '[{"word": "a", "count": 2}]\n'
    whole = textmill("words", counted, settings=settings)
    assert (whole.code, whole.out) == (9, "")
    assert whole.err.startswith("textmill: NotOffered: Kubernetes holds the 2 most frequent words of counted only.\n")
    assert on_terminal("words", counted, settings=settings).out.split()[:2] == ["2", "a"]


def test_key_finds_the_request_again_and_refuses_another_text(settings: dict[str, str]) -> None:
    def submit(text: str, *more: str) -> Done:
        return textmill("submit", "-", "--key", "k1", *more, text=text, settings=settings)

    first, again = submit("one"), submit("one")
    assert first.lines[0]["name"] == again.lines[0]["name"]
    assert (submit("two").code, submit("two").err[:20]) == (4, "textmill: KeyReused:")
    taken = textmill("submit", "-", "--name", first.lines[0]["name"], text="one", settings=settings)
    assert (taken.code, taken.err[:20]) == (4, "textmill: NameTaken:")


@pytest.mark.parametrize("text", [b"x" * 16_385, b"\xff\xfe", b"a\0b"])
def test_text_that_cannot_go_inline_is_refused(settings: dict[str, str], text: bytes) -> None:
    done = textmill("submit", "-", text=text, settings=settings)
    assert (done.code, done.out) == (9, "")
    assert done.err.endswith("textmill: Go over HTTP: --server URL.\n")


def test_logs_tell_the_events(settings: dict[str, str], counted: str) -> None:
    until(lambda: textmill("logs", counted, settings=settings).out != "")  # the operator posts events in its own time
    done = textmill("logs", counted, "--follow", settings=settings)
    assert done == Done(0, "event Succeeded: The words are counted. 4 words, 3 distinct.\n")


def test_cancelled_request_is_gone(settings: dict[str, str]) -> None:
    assert textmill("submit", "-", "--name", "gone", "--wait", text="x", settings=settings).code == 0
    assert textmill("cancel", "gone", settings=settings).code == 4
    assert textmill("cancel", "--ended", "gone", settings=settings).out == "gone\n"
    assert [textmill("get", name, settings=settings).code for name in ("gone", "../../x")] == [3, 3]


def test_list_goes_page_by_page_and_by_phase(settings: dict[str, str], counted: str) -> None:
    until(lambda: all(one["phase"] == "Succeeded" for one in textmill("list", settings=settings).lines))
    names = textmill("list", "--phase", "Succeeded", "-o", "name", settings=settings).out.split()
    assert counted in names
    assert textmill("list", "--limit", "1", "-o", "name", settings=settings).out.split() == names[:1]
    assert textmill("list", "-n", "elsewhere", settings=settings) == Done(0, "")


@pytest.mark.parametrize(
    "arguments", [["--kubeconfig", "/no/such/file"], ["--context", "nowhere"], ["--kubeconfig", str(ROOT / "LICENSE")]]
)
def test_kubeconfig_that_cannot_be_used_is_told(settings: dict[str, str], arguments: list[str]) -> None:
    done = textmill("list", *arguments, settings=settings)
    assert (done.code, done.err[:29]) == (8, "textmill: KubeconfigUnusable:")


def test_kubectl_finds_the_plugin(settings: dict[str, str], counted: str, tmp_path: Path) -> None:
    plugin = tmp_path / "kubectl-textmill"
    plugin.write_text(
        f"#!{sys.executable}\nimport sys\nfrom textmill_cli.run import main\nsys.exit(main())\n", encoding="utf-8"
    )
    plugin.chmod(0o755)
    variables = environment({"KUBECONFIG": settings["KUBECONFIG"]}) | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    kubectl = str(Path(sys.executable).with_name("kubectl"))

    def call(*arguments: str) -> Done:
        done = subprocess.run(
            [kubectl, *arguments], env=variables, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        return Done(done.returncode, done.stdout, done.stderr)

    assert str(plugin) in call("plugin", "list").out
    assert json.loads(call("textmill", "get", counted).out)["result"]["distinctWords"] == 3
    missing = call("textmill", "get", "nobody")
    assert (missing.code, missing.err.splitlines()[1]) == (
        3,
        "kubectl textmill: `textmill list` shows the requests that there are.",
    )
    assert call("textmill", "list", "--help").out.startswith("Usage: kubectl textmill list")


@pytest.mark.parametrize(
    ("chosen", "environ", "straight"),
    [
        ({}, {}, False),
        ({}, {"KUBECONFIG": "x"}, False),
        ({}, {"TEXTMILL_SERVER": "kubernetes"}, True),
        ({"server": "http://x"}, {"TEXTMILL_SERVER": "kubernetes"}, False),
        ({"server": "http://x", "kubeconfig": "x"}, {}, False),
        ({"server": "kubernetes"}, {}, True),
        ({"namespace": "x"}, {"TEXTMILL_SERVER": "http://x"}, True),
        ({"plugin": True}, {"TEXTMILL_SERVER": "http://x"}, True),
        ({"plugin": True, "server": "http://x"}, {}, False),
        ({"plugin": False}, {}, False),
    ],
)
def test_way_is_chosen_as_documented(chosen: dict[str, object], environ: dict[str, str], straight: bool) -> None:
    assert is_straight(chosen, environ) is straight


def test_kubeconfigs_token_goes_to_the_server_that_is_named(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text(
        "{apiVersion: v1, kind: Config, current-context: a, clusters: [{name: a, cluster: {server: 'http://127.0.0.1:1'}}],"
        " users: [{name: a, user: {token: secret}}], contexts: [{name: a, context: {cluster: a, user: a}}]}"
    )
    with answering(Told(200, REQUEST), Told(200, REQUEST)) as script:
        for more in (["--kubeconfig", str(config)], []):
            assert (
                textmill("get", "alice", "--server", script.address, *more, settings={"KUBECONFIG": str(config)}).code
                == 0
            )
    assert [one.headers.get("Authorization") for one in script.asked] == ["Bearer secret", None]
