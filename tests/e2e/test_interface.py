"""The rights that the chart gives the HTTP interface suffice for all that it does, with the cluster's RBAC before it.

The interface runs here, under a token of its service account; people have tokens of accounts that are bound to the
chart's roles for people. Only an API server is needed, as for the manifests.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry

from app import create_app
from app.kubernetes_cluster import KubernetesCluster
from tests.e2e.kube import apply, kubectl, run
from tests.e2e.release import CHART, ROOT

NAMESPACE = "doors"
DEFINITION = "processingrequests.textmill.dev"
PARTS = ("templates/api-access.yaml", "templates/user-roles.yaml")
Ask = Callable[..., tuple[int, str]]


def account(name: str, *roles: str) -> None:
    """Make an account that is bound to some of the chart's roles for people."""
    kubectl(f"--namespace={NAMESPACE}", "create", "serviceaccount", name)
    for role in roles:
        binding = [f"{name}-{role}", f"--clusterrole=textmill-{NAMESPACE}-{role}"]
        who = f"--serviceaccount={NAMESPACE}:{name}"
        kubectl(f"--namespace={NAMESPACE}", "create", "rolebinding", *binding, who)


def token(name: str) -> str:
    """Return a fresh token of an account."""
    return kubectl(f"--namespace={NAMESPACE}", "create", "token", name).strip()


@pytest.fixture(scope="module")
def rights() -> Iterator[None]:
    """Install what the chart says of rights, and three people: who may look, who may work, who may nothing."""
    apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    ours = DEFINITION not in kubectl("get", "customresourcedefinitions", "--output=name")
    if ours:
        kubectl("apply", "--server-side", f"--filename={ROOT / 'k8s' / 'crd.yaml'}")
    kubectl("wait", "--for=condition=Established", f"customresourcedefinition/{DEFINITION}")
    chosen = ["--set=api.auth.enabled=true,userRoles.enabled=true", *(f"--show-only={part}" for part in PARTS)]
    rendered = run("helm", "template", "textmill", str(CHART), f"--namespace={NAMESPACE}", *chosen)
    kubectl("apply", "--filename=-", text=rendered)
    account("reader", "view")
    account("writer", "view", "edit")
    account("nobody")
    yield
    kubectl("delete", "--filename=-", "--wait=false", text=rendered)
    kubectl("delete", "namespace", NAMESPACE, "--wait=false")
    if ours:  # or helm, for which other tests ask, would find a definition that is not its own
        kubectl("delete", "customresourcedefinition", DEFINITION)


@pytest.fixture
def cluster(rights: None, tmp_path: Path) -> Iterator[KubernetesCluster]:
    """Reach the API server with the rights of the HTTP interface's account and no others."""
    config = json.loads(kubectl("config", "view", "--raw", "--minify", "--flatten", "--output=json"))
    config["users"][0]["user"] = {"token": token("textmill-api")}
    (tmp_path / "kubeconfig").write_text(json.dumps(config))
    found = KubernetesCluster(NAMESPACE, 10.0, str(tmp_path / "kubeconfig"))
    yield found
    found.close()


@pytest.fixture
def client(cluster: KubernetesCluster, tmp_path: Path) -> FlaskClient:
    """Return a client of the HTTP interface."""
    settings = {
        "TEXTMILL_AUTH": "kubernetes",
        "TEXTMILL_AUTH_CACHE_SECONDS": 0,
        "TEXTMILL_NAMESPACE": NAMESPACE,
        "TEXTMILL_VOLUME": tmp_path / "volume",
    }
    return create_app(settings, cluster=cluster, registry=CollectorRegistry()).test_client()


@pytest.fixture
def ask(client: FlaskClient) -> Ask:
    """Return what asks as somebody: method, address, name of the account, body."""

    def asking(method: str, path: str, who: str = "", body: bytes | None = None) -> tuple[int, str]:
        headers = {"Authorization": f"Bearer {token(who)}"} if who else {}
        with client.open(path, method=method, headers=headers, data=body, content_type="text/plain") as answer:
            return answer.status_code, answer.get_data(as_text=True)

    return asking


def test_interface_is_ready_with_the_rights_of_its_account(ask: Ask) -> None:
    assert ask("GET", "/readyz")[0] == 200


def test_interface_sees_what_happens(ask: Ask, cluster: KubernetesCluster) -> None:
    before = cluster.page()
    assert ask("POST", "/upload?name=seen", "writer", b"one two two")[0] == 202
    watching = cluster.watch(before.version, 10.0)
    try:
        kind, body = next(iter(watching))
    finally:
        watching.close()
    assert (kind, body["metadata"]["name"]) == ("ADDED", "seen")


def test_who_brings_no_token_or_a_wrong_one_is_not_let_in(ask: Ask, client: FlaskClient) -> None:
    assert ask("GET", "/requests")[0] == 401
    wrong = client.get("/requests", headers={"Authorization": f"Bearer {token('reader')[:-8]}AAAAAAAA"})
    assert wrong.status_code == 401


def test_who_may_work_uploads_looks_and_deletes(ask: Ask) -> None:
    assert ask("POST", "/upload?name=mine", "writer", b"one two two")[0] == 202
    assert ask("GET", "/requests/mine", "writer")[0] == 200
    page = ask("GET", "/view/mine", "writer")
    assert page[0] == 200
    assert "They cannot be read" not in page[1]
    assert ask("DELETE", "/requests/mine", "writer")[0] == 204


def test_who_may_look_sees_everything_and_changes_nothing(ask: Ask) -> None:
    assert ask("POST", "/upload?name=theirs", "writer", b"one two two")[0] == 202
    assert ask("GET", "/requests", "reader")[0] == 200
    for method, path, verb in (("POST", "/upload?name=no", "create"), ("DELETE", "/requests/theirs", "delete")):
        code, answer = ask(method, path, "reader", b"text" if verb == "create" else None)
        assert (code, json.loads(answer)["missing"]["verb"]) == (403, verb)


def test_who_may_nothing_is_told_what_is_missing(ask: Ask) -> None:
    code, answer = ask("GET", "/requests", "nobody")
    assert (code, json.loads(answer)["missing"]) == (
        403,
        {"verb": "list", "resource": "processingrequests.textmill.dev"},
    )
