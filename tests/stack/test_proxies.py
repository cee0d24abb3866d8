"""Whoever sits behind a proxy: nothing that stays on this machine goes through it."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from app.kubernetes_cluster import KubernetesCluster
from image import healthy
from local.stack.loopback import no_proxy
from local.stack.parts import Layout, environment
from tests.bench.stack import Stack, stack
from textmill.loopback import is_loopback

ROOT = Path(__file__).parents[2]
NOWHERE = "http://127.0.0.1:9"
PROXIES = {name: NOWHERE for kind in ("http", "https", "all") for name in (f"{kind}_proxy", f"{kind.upper()}_PROXY")}


@pytest.fixture
def behind_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in PROXIES.items():
        monkeypatch.setenv(name, value)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)


def test_demo_works_behind_a_proxy(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("one two two\n")
    environ = {name: value for name, value in os.environ.items() if name.lower() != "no_proxy"}
    done = subprocess.run(
        [sys.executable, "-m", "local", "demo", "--file", str(tmp_path / "text")],
        cwd=ROOT,
        env=environ | PROXIES | {"PYTHONPATH": f"{ROOT}:{ROOT / 'operator'}"},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "\n12 bytes, 3 words, 2 of them distinct\n" in done.stdout


@pytest.mark.usefixtures("behind_proxy")
def test_clients_reach_a_stack_without_the_proxy() -> None:
    with stack() as running:
        with closing(KubernetesCluster("default", 5, str(running.state / "kubeconfig"))) as cluster:
            assert cluster.page(limit=1).items == []
        assert healthy.main([f"http://127.0.0.1:{running.port}/healthz"]) == 0
        for address in (f"http://127.0.0.1:{running.port}", "kubernetes"):
            assert listed(running, address) == (0, "[]")


def listed(running: Stack, address: str) -> tuple[int, str]:
    """List the requests by the command line, the HTTP interface's way or straight from Kubernetes."""
    environ = os.environ | {
        "KUBECONFIG": str(running.state / "kubeconfig"),
        "PYTHONPATH": f"{ROOT}:{ROOT / 'cli'}",
        "TEXTMILL_SERVER": address,
    }
    command = [sys.executable, "-m", "textmill_cli", "list", "-o", "json"]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout.strip() or "[]"


@pytest.mark.parametrize(
    ("there", "hosts"),
    [
        ({}, "localhost,127.0.0.1,::1"),
        ({"NO_PROXY": "a.example, b.example"}, "a.example,b.example,localhost,127.0.0.1,::1"),
        ({"NO_PROXY": "a.example", "no_proxy": "127.0.0.1"}, "127.0.0.1,a.example,localhost,::1"),
        ({"NO_PROXY": "*"}, "*"),
    ],
)
def test_hosts_that_need_no_proxy_are_added_to_those_that_are_there(there: dict[str, str], hosts: str) -> None:
    assert no_proxy(there) == {"NO_PROXY": hosts, "no_proxy": hosts}
    layout = Layout(Path("s"), Path("p"), 1, 2, 3, cluster_name="kube")
    parts = environment(layout, there | {"https_proxy": NOWHERE})
    assert parts["https_proxy"] == NOWHERE
    assert parts["NO_PROXY"] == parts["no_proxy"] == (hosts if hosts == "*" else f"{hosts},kube")


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://localhost:1/x", True),
        ("https://127.8.0.1", True),
        ("http://[::1]:2", True),
        ("http://127.0.0.1.example.com", False),
        ("http://10.0.0.1", False),
        ("http://[::1", False),
        ("", False),
    ],
)
def test_loopback_is_known_by_its_address(url: str, local: bool) -> None:
    assert is_loopback(url) is local
