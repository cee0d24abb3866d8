"""The services together, as a person uses them: by TLS through nginx, from a file to its words."""

from __future__ import annotations

import json
import re
from functools import partial
from pathlib import Path

from checks.tree import ROOT, settings
from tests.compose.conftest import PATIENCE, Stack, run, services
from tests.contract.server import until

TEXT = b"the mill grinds the words and the words fall\n"


def test_upload_over_tls_comes_out_as_its_words(stack: Stack) -> None:
    stack.upload("first", TEXT * 1000)
    result = stack.ended("first")["result"]
    assert (result["tokens"], result["distinctWords"]) == (9000, 6)
    code, table = stack.call("GET", "/requests/first/words?format=csv")
    assert (code, table.decode().splitlines()[:3]) == (200, ["word,count", "the,3000", "words,2000"])


def test_commands_of_the_page_work(stack: Stack, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "compose.md").read_text("utf-8")
    block = re.search(r"```console\n(.*?)```", page, re.DOTALL)
    assert block
    build, up, *lines = block[1].splitlines()
    assert (build, up) == ("make image", "docker compose up --build --detach")
    script = "\n".join(lines).replace("docker compose exec proxy", f"podman exec {stack.container('proxy')}")
    script = script.replace("textmill.crt", f"{tmp_path}/textmill.crt").replace("8443", str(stack.port))
    told = run("sh", "-ec", script.replace("curl ", "curl --silent --fail "))
    assert '"phase":"Pending"' in told
    assert '"items":[' in told


def test_big_upload_is_passed_on_while_it_comes(stack: Stack) -> None:
    """The proxy can write to 64 MiB of /tmp at most, so what it stored of this would not fit."""
    size = 300 << 20
    stack.upload("big", TEXT * (size // len(TEXT)))
    assert stack.ended("big")["result"]["tokens"] == size // len(TEXT) * 9


def test_events_arrive_through_the_proxy_until_the_end(stack: Stack) -> None:
    stack.upload("told", b"one two two")
    code, stream = stack.call("GET", "/requests/told/events")
    assert code == 200
    assert stream.decode().rstrip().endswith("event: end\ndata: {}")
    states = [json.loads(line[6:]) for line in stream.decode().splitlines() if line.startswith('data: {"name"')]
    assert states[-1]["phase"] == "Succeeded"


def test_figures_stay_inside(stack: Stack) -> None:
    assert stack.call("GET", "/metrics")[0] == 404
    assert stack.call("GET", "/healthz")[0] == 200


def test_name_that_is_not_ours_is_refused(stack: Stack) -> None:
    code, answer = stack.call("GET", "/requests", headers={"Host": "elsewhere.example"})
    assert (code, b"HostNotAllowed" in answer) == (421, True)


def test_parts_run_apart_as_nobody_on_a_root_that_cannot_be_written(stack: Stack) -> None:
    for name in services():
        container = stack.container(name)
        assert run("podman", "exec", container, "id", "-u").strip() == "10001"
        assert run("podman", "inspect", "--format", "{{.HostConfig.ReadonlyRootfs}}", container).strip() == "true"
        assert run("podman", "exec", container, "grep", "CapEff", "/proc/1/status").split()[1].strip("0") == ""


def test_image_counts_with_the_engine_and_knows_what_it_is_made_of(stack: Stack) -> None:
    assert run("podman", "exec", stack.container("cluster"), "python", "-m", "image", "engine") == "compiled\n"
    bill = json.loads(run("podman", "exec", stack.container("api"), "python", "-m", "image", "bill"))
    names = {one["purl"].partition("@")[0] for one in bill["components"]}
    assert {"pkg:pypi/flask", "pkg:cargo/pyo3", "pkg:cargo/textmill-engine", "pkg:deb/debian/libc6"} <= names
    assert bill["metadata"]["component"]["version"] == settings()["project"]["version"]


def test_killed_parts_come_back_and_nothing_is_lost(stack: Stack) -> None:
    for name in ("operator", "cluster", "api"):
        stack.upload(f"over-{name}", f"{name} and more".encode())
        run("podman", "kill", "--signal", "KILL", stack.container(name))
        until(partial(_back, stack, name), PATIENCE)
        assert stack.ended(f"over-{name}")["result"]["tokens"] == 3


def _back(stack: Stack, name: str) -> bool:
    """Tell whether a container is healthy again, starting it where podman has no service that does."""
    if run("podman", "inspect", "--format", "{{.State.Running}}", stack.container(name)).strip() != "true":
        run("podman", "start", stack.container(name))
    return stack.healthy(name)
