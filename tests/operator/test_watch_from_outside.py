"""The operator's watch as its API server sees it: what it asks for, and what becomes of a watch that falls silent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.api.live import cluster
from tests.contract.server import until
from tests.operator.between import Between, between
from tests.operator.live import Hands, Home, Process, operating
from textmill import names
from textmill_operator import paths

PLACES = {paths.requests("default"), paths.jobs("default"), paths.pods("default")}


@contextmanager
def watched(folder: Path) -> Iterator[tuple[Home, Between, Process]]:
    """Run an operator whose every call goes through a man in the middle, and hands that work at once."""
    with (
        cluster(folder) as (config, api),
        between(config, folder) as middle,
        operating(folder / "operator", middle.config, AUDIT_SECONDS="0.3", TTL_SECONDS="0.1") as running,
        Hands(Home(api, "default")).at_work() as hands,
    ):
        hands.free.set()
        yield hands.home, middle, running


def health_after_news(home: Home, running: Process) -> int:
    """Make a request that waits, for an audit to find, and return what the operator says of its health."""
    home.submit(f"news-{len(home.listed())}", suspend=True)
    return running.status("/healthz")


def test_watch_that_falls_silent_turns_health_red_while_the_work_goes_on(tmp_path: Path) -> None:
    with watched(tmp_path) as (home, middle, running):
        home.submit("before")
        until(lambda: home.phase("before") == "Succeeded")
        until(lambda: running.status("/healthz") == 200)

        middle.silent.set()

        home.submit("after")
        until(lambda: home.phase("after") == "Succeeded")
        until(lambda: health_after_news(home, running) == 503)


def test_nothing_is_ever_listed_or_watched_without_a_selector(tmp_path: Path) -> None:
    with watched(tmp_path) as (home, middle, _):
        home.submit("kept")
        home.submit("brief", {"upload": "ab" * 32}, ttlSecondsAfterFinished=0)
        until(lambda: home.phase("kept") == "Succeeded" and home.request("brief") == {})
    looks = [(path, query) for method, path, query in middle.asked if method == "GET" and path in PLACES]
    chosen = [(path, query.get("fieldSelector", query.get("labelSelector")), "watch" in query) for path, query in looks]
    watches = {(path, selector) for path, selector, watching in chosen if watching}
    assert watches == {
        (paths.requests("default"), names.LIVE),
        (paths.jobs("default"), paths.OURS),
        (paths.pods("default"), paths.OURS),
    }
    assert [path for path, selector, _ in chosen if not selector] == []
