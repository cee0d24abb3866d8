"""Wrong tokens are counted by client and minute: who guesses is stopped, whose token has expired is not."""

from __future__ import annotations

import pytest

from app.access import Doorkeeper
from app.errors import RateExceeded
from app.refusals import TokenInvalid
from app.settings import Settings
from tests.api.fake_cluster import FakeCluster


def test_wrong_tokens_count_for_a_minute_however_many_follow(cluster: FakeCluster) -> None:
    now = [0.0]
    door = Doorkeeper(cluster, Settings.load({"TEXTMILL_AUTH": "kubernetes"}), lambda: now[0])
    for _ in range(400):
        now[0] += 10.0
        with pytest.raises(TokenInvalid):
            door.user("expired", "1")


def test_client_that_guessed_too_much_may_go_on_when_its_minute_is_over(cluster: FakeCluster) -> None:
    now = [59.0]
    cluster.tokens = {"t": "ada"}
    door = Doorkeeper(cluster, Settings.load({"TEXTMILL_AUTH": "kubernetes"}), lambda: now[0])
    for number in range(300):
        with pytest.raises(TokenInvalid):
            door.user(f"guess-{number}", "1")

    for now[0] in (59.5, 60.0):
        with pytest.raises(RateExceeded):
            door.user("t", "1")
    assert door.user("t", "2").name == "ada"
    now[0] = 120.0
    assert door.user("t", "1").name == "ada"
