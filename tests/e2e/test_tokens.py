"""The HTTP interface behind the cluster's own tokens and rights, as the chart sets it up."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e import release
from tests.e2e.kube import kubectl
from tests.e2e.release import Release

READER, WRITER, STRANGER = "reader", "writer", "stranger"


@pytest.fixture(scope="module")
def guarded(mill: Release) -> Iterator[Release]:
    """A release that asks who is there, and accounts with rights of three kinds."""
    release.install(mill.namespace, "--set=api.auth.enabled=true", verb="upgrade")
    for account in (READER, WRITER, STRANGER):
        mill.kubectl("create", "serviceaccount", account)
    what = "--resource=processingrequests.textmill.dev"
    mill.kubectl("create", "role", READER, "--verb=get,list", what)
    mill.kubectl("create", "role", WRITER, "--verb=get,create", what)
    for account in (READER, WRITER):
        who = f"--serviceaccount={mill.namespace}:{account}"
        mill.kubectl("create", "rolebinding", account, f"--role={account}", who)
    yield mill
    for kind in ("rolebinding", "role", "serviceaccount"):
        mill.kubectl("delete", kind, READER, WRITER, STRANGER, "--ignore-not-found")
    release.install(mill.namespace, verb="upgrade")


def token(account: str, namespace: str) -> str:
    return kubectl("create", "token", account, f"--namespace={namespace}").strip()


def test_without_a_token_nobody_is_let_in(guarded: Release) -> None:
    assert guarded.call("GET", "/requests")[0] == 401
    assert guarded.call("GET", "/requests", token="made.up.token")[0] == 401
    assert guarded.call("GET", "/healthz")[0] == 200


@pytest.mark.parametrize(
    ("account", "created", "listed"), [(READER, 403, 200), (WRITER, 202, 403), (STRANGER, 403, 403)]
)
def test_each_may_what_the_cluster_lets_him(guarded: Release, account: str, created: int, listed: int) -> None:
    shown = token(account, guarded.namespace)
    code, answer = guarded.call("POST", f"/upload?name=by-{account}", b"by token", token=shown)
    assert code == created, answer
    assert guarded.call("GET", "/requests", token=shown)[0] == listed


def test_upload_with_a_token_comes_to_its_result(guarded: Release) -> None:
    shown = token(WRITER, guarded.namespace)
    code, answer = guarded.call("POST", "/upload?name=tokened", b"let in by a token", token=shown)
    assert code == 202, answer
    assert guarded.ended("tokened")["result"]["tokens"] == 5
    assert guarded.call("GET", "/requests/tokened/words?format=csv", token=shown)[0] == 200


def test_token_of_another_cluster_opens_nothing(guarded: Release) -> None:
    shown = token(WRITER, guarded.namespace)
    head, _, tail = shown.rpartition(".")
    forged = f"{head}.{tail[::-1]}"
    assert guarded.call("POST", "/upload?name=forged", b"forged", token=forged)[0] == 401
