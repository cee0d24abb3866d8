"""docs/install.md says what is true of the chart: its commands render, its values and objects exist."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from checks.tree import ROOT
from scripts import chart
from tests.serving import serving
from tests.system.chart.rendering import Json, Key, helm, render

PAGE = (ROOT / "docs" / "install.md").read_text("utf-8")
VALUES = [one.path for one in chart.values((chart.CHART / "values.yaml").read_text("utf-8"))]
BLOCKS = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
ROOTS = {path.partition(".")[0] for path in VALUES}
EARLIER = {
    "name": "textmill",
    "namespace": "textmill",
    "version": 1,
    "info": {"status": "deployed"},
    "config": {"image": {"repository": "registry.example/textmill"}},
    "chart": {"metadata": {"apiVersion": "v2", "name": "textmill", "version": "0.0.1"}, "values": {}},
}
"""A release as Helm remembers it, of a chart that had none of the present values."""

Environ = dict[str, str]


def commands(opening: str) -> list[str]:
    """Return the page's commands that open like this."""
    return [line for block in BLOCKS for line in block.splitlines() if line.startswith(f"{opening} ")]


class Kubernetes(BaseHTTPRequestHandler):
    """The little that Helm asks of a cluster before it renders an upgrade."""

    answers: ClassVar[dict[str, Json]] = {
        "/version": {"major": "1", "minor": "37", "gitVersion": "v1.37.2"},
        "/api": {"kind": "APIVersions", "versions": ["v1"]},
        "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": []},
        "/api/v1": {"kind": "APIResourceList", "groupVersion": "v1", "resources": []},
    }

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        data = json.dumps(self.answers[self.path.partition("?")[0]]).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def earlier(tmp_path: Path) -> Iterator[Environ]:
    """Return the environment in which helm finds the earlier release, and a cluster."""
    released = tmp_path / "releases.yaml"
    released.write_text(json.dumps([EARLIER]), "utf-8")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Kubernetes)
    with serving(server):
        where = f"http://127.0.0.1:{server.server_port}"
        memory = {"HELM_DRIVER": "memory", "HELM_MEMORY_DRIVER_DATA": str(released)}
        yield os.environ | memory | {"HELM_KUBEAPISERVER": where}


@pytest.mark.parametrize("line", commands("helm install"))
def test_installing_by_the_page_renders(line: str) -> None:
    subprocess.run([helm(), "template", *shlex.split(line)[2:]], cwd=ROOT, check=True, capture_output=True)


@pytest.mark.parametrize("line", commands("helm upgrade"))
def test_upgrading_by_the_page_keeps_what_was_set_and_takes_values_that_are_new(line: str, earlier: Environ) -> None:
    command = [helm(), *shlex.split(line)[1:], "--dry-run=client"]
    done = subprocess.run(command, cwd=ROOT, env=earlier, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("image: registry.example/textmill:0.2.0\n") == 4


def test_there_are_commands_for_helm() -> None:
    assert commands("helm install")
    assert commands("helm upgrade")


def test_values_that_the_page_names_exist() -> None:
    named = set(re.findall(r"`([a-z]\w*(?:\.\w+)+)(?:[=:][^`]*)?`", PAGE))
    unknown = {
        path
        for path in named
        if path.partition(".")[0] in ROOTS and not any(one == path or one.startswith(f"{path}.") for one in VALUES)
    }
    assert unknown == set()
    assert len(named & set(VALUES)) > 10


def test_objects_that_the_page_names_are_made(default: dict[Key, Json]) -> None:
    kinds = {"service": "Service", "deployment": "Deployment", "pvc": "PersistentVolumeClaim"}
    named = {(kinds[kind], name) for kind, name in re.findall(r"\b(service|deployment|pvc)[/ ](textmill-[\w-]+)", PAGE)}
    assert named == {
        ("Service", "textmill-api"),
        ("Deployment", "textmill-api"),
        ("Deployment", "textmill-operator"),
        ("PersistentVolumeClaim", "textmill-data"),
    }
    assert named <= {(kind, name) for kind, _, name in default}


def test_page_lists_every_account_and_no_other() -> None:
    section = PAGE.partition("\n## Accounts\n")[2].partition("\n## ")[0]
    made = {name for kind, _, name in render({"api": {"auth": {"enabled": True}}}) if kind == "ServiceAccount"}
    assert set(re.findall(r"^\| `([\w-]+)` \|", section, re.MULTILINE)) == made


def test_files_that_the_page_names_are_there() -> None:
    for path in re.findall(r"\b(?:k8s|charts|docs)/[\w./-]*\w", PAGE):
        assert Path(ROOT, path).exists(), path
