"""Who a token stands for and what he may, as the HTTP interface asks it."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.access import Doorkeeper
from app.errors import AppError
from app.kubernetes_cluster import KubernetesCluster
from app.settings import Settings
from tests.contract.client import Client, Json

TOKENS = "/apis/authentication.k8s.io/v1/tokenreviews"
RIGHTS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
WISH = {"namespace": "default", "group": "textmill.dev", "resource": "processingrequests", "verb": "create"}


@pytest.fixture
def token(api: Client) -> str:
    """The token that the suite itself uses."""
    return str(api.access.headers["Authorization"]).removeprefix("Bearer ")


def reviewed(api: Client, **spec: object) -> Json:
    status: Json = api.create(TOKENS, {"spec": spec}).body["status"]
    return status


def test_own_token_stands_for_a_user_with_groups(api: Client, token: str) -> None:
    status = reviewed(api, token=token)
    assert status["authenticated"] is True
    assert status["user"]["username"]
    assert {"system:masters", "system:authenticated"} <= set(status["user"]["groups"])


def test_wrong_token_stands_for_nobody(api: Client) -> None:
    status = reviewed(api, token="wrong")
    assert (status.get("authenticated", False), status["user"], bool(status["error"])) == (False, {}, True)


def test_token_for_another_audience_stands_for_nobody(api: Client, token: str) -> None:
    assert not reviewed(api, token=token, audiences=["somebody.else"]).get("authenticated")


def test_review_without_a_token_is_a_bad_request(api: Client) -> None:
    assert api.call("POST", TOKENS, {"spec": {}}).status == 400


def test_stranger_may_nothing(api: Client) -> None:
    spec = {"user": "eve", "groups": ["system:authenticated"], "resourceAttributes": WISH}
    assert api.create(RIGHTS, {"spec": spec}).body["status"]["allowed"] is False


def test_review_of_nobody_is_invalid(api: Client) -> None:
    answer = api.call("POST", RIGHTS, {"spec": {"resourceAttributes": WISH}})
    assert (answer.status, [field for field, _ in answer.causes()]) == (422, ["spec.user"])


def test_doorkeeper_lets_the_right_token_in_and_no_other(config: Path, token: str) -> None:
    settings = Settings.load({"TEXTMILL_AUTH": "kubernetes"})
    cluster = KubernetesCluster("default", 10.0, str(config))
    door = Doorkeeper(cluster, settings)
    user = door.user(token, "here")
    door.check(user, "create", "fox")
    with pytest.raises(AppError, match="does not take this token"):
        door.user("wrong", "here")
    with pytest.raises(AppError, match="may not create"):
        door.check(type(user)("eve"), "create", "fox")
    cluster.close()
