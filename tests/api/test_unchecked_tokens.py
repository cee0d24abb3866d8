"""A TokenReview that says why it could not tell: a token that is wrong is one thing, who cannot check it another."""

from __future__ import annotations

import pytest

from app.access import FAILURES_A_MINUTE, Doorkeeper
from app.cluster import Away, Body
from app.errors import AppError
from app.refusals import TokenInvalid
from app.settings import Settings
from tests.api.fake_cluster import FakeCluster


@pytest.mark.parametrize(
    ("said", "raised"),
    [
        ('Post "https://auth.example/token": dial tcp 10.0.0.1:443: connect: connection refused', Away),
        ("x509: certificate has expired or is not yet valid", Away),
        ("rpc error: code = Unavailable", Away),
        ("[invalid bearer token, service account token has expired]", TokenInvalid),
        ("oidc: verify token: oidc: token is expired", TokenInvalid),
    ],
)
def test_only_a_wrong_token_is_kept_and_counts(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch, said: str, raised: type[AppError]
) -> None:
    asked: list[str] = []

    def review(group: str, plural: str, body: Body) -> Body:
        asked.append(plural)
        return {"status": {"authenticated": False, "error": said}}

    monkeypatch.setattr(cluster, "review", review)
    door = Doorkeeper(cluster, Settings.load({"TEXTMILL_AUTH": "kubernetes"}))
    times = FAILURES_A_MINUTE + 1
    for _ in range(times):
        with pytest.raises(raised):
            door.user("t", "1")
    assert len(asked) == (times if raised is Away else 1)
