"""When the watch lists, waits, gives a watch up and tells it, on a clock of the test's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from app.cluster import Away, Body, ClusterError, Expired, NotFound, Page
from app.view import View
from app.watch import SILENCE, STALE, Watch
from textmill import names

Event = tuple[str, Body] | Exception


def _body(name: str, version: int, **status: Any) -> Body:
    return {"metadata": {"name": name, "resourceVersion": str(version)}, "spec": {}, "status": status}


class Script:
    """A cluster that answers what the test wrote down, in its order, and notes what it was asked."""

    namespace = "default"

    def __init__(self, *answers: Page | list[Event] | ClusterError, found: dict[str, Body] | None = None) -> None:
        self._answers, self._found = list(answers), found or {}
        self.asked: list[str] = []
        self.now = 0.0
        self.failures = 0

    def clock(self) -> float:
        """Return the time."""
        return self.now

    def pause(self, seconds: float) -> bool:
        """Let time pass; stop when nothing is left to answer."""
        self.asked.append(f"pause {seconds:g}")
        self.now += seconds
        return not self._answers

    def go_on(self, *answers: Page | list[Event] | ClusterError) -> None:
        """Have more to answer."""
        self._answers += answers

    def failed(self) -> None:
        """Count a failure."""
        self.failures += 1

    def page(
        self, *, fields: str = "", labels: str = "", limit: int = 500, token: str = "", namespace: str | None = None
    ) -> Page:
        """Answer a list."""
        assert fields == names.LIVE
        self.asked.append(f"list {token}".strip())
        answer = self._next()
        assert isinstance(answer, Page)
        return answer

    def watch(self, version: str, silence: float) -> Script:
        """Begin a watch."""
        assert silence == SILENCE
        self.asked.append(f"watch {version}")
        answer = self._next()
        assert isinstance(answer, list)
        self._events = answer
        return self

    def __iter__(self) -> Iterator[tuple[str, Body]]:
        """Return the events of the watch."""
        for one in self._events:
            if isinstance(one, Exception):
                raise one
            yield one

    def interrupt(self) -> None:
        """Be interrupted: nothing waits here."""

    def close(self) -> None:
        """Note that the connection was let go."""
        self.asked.append("close")

    def get(self, name: str) -> Body:
        """Answer one request."""
        self.asked.append(f"get {name}")
        if name not in self._found:
            raise NotFound(f"There is no request named {name!r}.")
        return self._found[name]

    def create(self, body: Body) -> Body:
        """Refuse: a watch makes nothing."""
        raise AssertionError(body)

    def delete(self, name: str, version: str = "") -> None:
        """Refuse: a watch deletes nothing."""
        raise AssertionError(name)

    def relabel(self, body: Body, labels: Mapping[str, str | None]) -> None:
        """Refuse: a watch changes nothing."""
        raise AssertionError(body)

    def lease(self, name: str) -> Body:
        raise NotImplementedError

    def namespace_uid(self) -> str:
        raise NotImplementedError

    def events(self, uid: str) -> list[Body]:
        raise NotImplementedError

    def review(self, group: str, plural: str, body: Body) -> Body:
        """Refuse: a watch asks about nobody."""
        raise AssertionError(body)

    def _next(self) -> Page | list[Event]:
        answer = self._answers.pop(0) if self._answers else []
        if isinstance(answer, Exception):
            raise answer
        return answer


def _run(script: Script, view: View | None = None) -> Watch:
    made = Watch(script, view or View(), pause=script.pause, clock=script.clock, failed=script.failed)
    made.run()
    return made


def _away() -> Away:
    return Away("gone (test)")


def test_list_comes_first_page_by_page_then_the_watch_from_its_version() -> None:
    script = Script(Page([_body("a", 1)], "more"), Page([_body("b", 2)], "", "7"), [("ADDED", _body("c", 8))])
    watch = _run(script)

    assert script.asked == ["list", "list more", "watch 7", "close", "pause 0.05"]
    assert watch.synced(0)
    live, version = watch.view.begin(watch.view.subscribe())
    assert ([one.name for one in live], version) == (["a", "b", "c"], "8")


def test_watch_that_ends_goes_on_from_the_last_version_bookmarks_included() -> None:
    bookmark: Event = ("BOOKMARK", {"metadata": {"resourceVersion": "20"}})
    script = Script(Page([], "", "7"), [("MODIFIED", _body("a", 9)), bookmark], [("DELETED", _body("a", 21))])
    watch = _run(script)

    assert script.asked == ["list", "watch 7", "close", "pause 0.05", "watch 20", "close", "pause 0.05"]
    assert watch.view.begin(watch.view.subscribe()) == ([], "21")
    assert script.failures == 0


def test_version_that_is_too_old_means_a_new_list_and_a_look_at_what_is_missing() -> None:
    view = View()
    gone, done = view.subscribe("gone"), view.subscribe("done")
    script = Script(
        Page([_body("gone", 1), _body("done", 2)], "", "7"),
        [Expired("too old (test)")],
        Page([], "", "30"),
        [],
        found={"done": _body("done", 25, settled=True, phase="Succeeded")},
    )
    _run(script, view)

    assert script.asked == [
        *("list", "watch 7", "close", "pause 0.05"),
        *("list", "get done", "get gone", "watch 30", "close", "pause 0.05"),
    ]
    assert [(one.version, one.body is None) for one in gone.take(0)] == [("30", True)]
    assert [(one.version, one.body is None) for one in done.take(0)] == [("25", False)]


def test_waits_double_up_to_five_seconds_and_begin_anew_after_a_success() -> None:
    script = Script(*[_away() for _ in range(9)], Page([], "", "7"), [_away()], _away(), [("ADDED", _body("a", 8))])
    watch = _run(script)

    pauses = [float(one.split()[1]) for one in script.asked if one.startswith("pause")]
    assert pauses == [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 0.05, 0.1, 0.05]
    assert script.failures == 11
    assert watch.synced(0)


def test_error_that_nobody_foresaw_means_a_new_list() -> None:
    script = Script(Page([], "", "7"), [("ADDED", {"metadata": {}})], Page([], "", "9"), [])
    _run(script)

    assert [one for one in script.asked if one.startswith(("list", "watch"))] == ["list", "watch 7", "list", "watch 9"]
    assert script.failures == 1


def test_picture_is_stale_after_two_silences_and_fresh_again_with_the_next_word() -> None:
    script = Script(Page([], "", "7"), [])
    watch = _run(script)
    assert watch.fresh

    script.now += STALE - 1
    assert watch.fresh
    script.now += 1
    stale = not watch.fresh

    script.go_on([("BOOKMARK", {"metadata": {"resourceVersion": "8"}})])
    watch.run()
    assert (stale, watch.fresh) == (True, True)


def test_stop_before_the_start_starts_nothing() -> None:
    script = Script()
    watch = Watch(script, View(), pause=script.pause, clock=script.clock)

    watch.stop()
    watch.start()
    watch.stop()

    assert script.asked == []
