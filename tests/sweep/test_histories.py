"""Uploads, Jobs, reuse, TTL, deletes, crashes and sweeps in any order, also amid a sweep: nothing live ever goes."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from app.cluster import Away
from app.creation import create
from app.options import Options
from app.sweeper import SweepRefused
from app.volume import Stored
from tests.sweep.conftest import GRACE, Mill, address
from tests.sweep.disturbing import MOMENTS_OF_A_SWEEP, disturbed
from textmill import layout
from textmill.names import follower

TEXTS = st.sampled_from([b"a", b"b", b"c"])
MOMENTS = st.sampled_from(MOMENTS_OF_A_SWEEP)


class Crash(Exception):
    """The sweep's process is gone."""


class Histories(RuleBasedStateMachine):
    """Every request's content and outputs must be there whenever no sweep is in the middle of its work."""

    requests = Bundle("requests")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="textmill-sweep-"))
        self.mill = Mill(self.folder / "volume")
        self.numbers = iter(range(1_000_000))
        self.followed: dict[str, str] = {}
        """Tables of counts that no status names yet, by request."""

    def teardown(self) -> None:
        """Remove this history's volume."""
        shutil.rmtree(self.folder)

    @initialize()
    def one_that_stays(self) -> None:
        """Keep the list from being empty, which would stop every sweep."""
        self.mill.upload(b"kept", "kept")

    def _name(self) -> str:
        return f"r{next(self.numbers)}"

    @rule(target=requests, text=TEXTS)
    def upload(self, text: bytes) -> str:
        """Send a file."""
        name = self._name()
        self.mill.upload(text, name)
        return name

    @rule(text=TEXTS)
    def upload_without_request(self, text: bytes) -> None:
        """Send a file while the cluster is away."""
        self.mill.store(text)

    @rule(target=requests, text=TEXTS)
    def apply(self, text: bytes) -> Any:
        """Make a request with kubectl for content that lies there; nothing touches the content then."""
        if not (self.mill.root / address(text)).exists():
            return multiple()
        name = self._name()
        digest = address(text).rpartition("/")[2]
        self.mill.cluster.create(
            {"metadata": {"name": name, "namespace": "default"}, "spec": {"input": {"upload": digest}}}
        )
        return name

    @rule(name=requests, stage=st.sampled_from(["tokenize", "count"]), done=st.booleans())
    def run_job(self, name: str, stage: str, done: bool) -> None:
        """Record a Job, let it write; if it gets done its artefact is referred to, else a temporary folder stays."""
        body = self._find(name)
        if body is None:
            return
        status = dict(body["status"])
        job = f"{name}-{stage[0]}-{next(self.numbers)}"
        status["jobs"] = {**status.get("jobs", {}), stage: {"name": job}}
        self.followed.pop(name, None)
        self.mill.cluster.set_status(name, status)
        path = layout.tokens(job, "u") if stage == "tokenize" else layout.table(job, "u")
        self.mill.put(f"{path}/manifest.json" if done else f"{path.rpartition('/')[0]}/.u.pod.tmp/manifest.json")
        if done and stage == "tokenize":
            status["tokens"] = {"path": path, "shards": 1}
        elif done:
            status |= {"result": {"table": {"path": path}}, "settled": True, "phase": "Succeeded"}
        self.mill.cluster.set_status(name, status)

    @rule(name=requests)
    def count_follows(self, name: str) -> None:
        """Let the count write its table whose tokenizer alone is recorded."""
        body = self._find(name)
        if body and not body["status"].get("settled") and (job := body["status"].get("jobs", {}).get("tokenize")):
            self.followed[name] = layout.table(follower(job["name"]), "u")
            self.mill.put(f"{self.followed[name]}/manifest.json", age=2 * GRACE)

    @rule(name=requests)
    def end_of_what_followed(self, name: str) -> None:
        """Write the end of a request whose count followed."""
        body = self._find(name)
        if body and name in self.followed:
            end = {"settled": True, "phase": "Succeeded", "result": {"table": {"path": self.followed.pop(name)}}}
            self.mill.cluster.set_status(name, {**body["status"], **end})

    @rule(name=requests, other=requests)
    def reuse(self, name: str, other: str) -> None:
        """Answer one request with what another has."""
        body, lender = self._find(name), self._find(other)
        if body and lender and lender["status"].get("result"):
            lent = {key: lender["status"][key] for key in ("tokens", "result") if key in lender["status"]}
            self.mill.cluster.set_status(name, {**body["status"], **lent, "settled": True, "phase": "Succeeded"})
            self.followed.pop(name, None)

    @rule(name=requests)
    def delete(self, name: str) -> None:
        """Delete a request, or have its TTL end."""
        if self._find(name):
            self.mill.cluster.delete(name)

    @rule(seconds=st.sampled_from([1.0, GRACE / 2, GRACE, 10 * GRACE]))
    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.mill.now += seconds

    @rule()
    def sweep(self) -> None:
        """Sweep undisturbed."""
        self._sweep({})

    @rule(moment=MOMENTS, text=TEXTS, by_hand=st.booleans())
    def sweep_while_a_request_is_made(self, moment: str, text: bytes, by_hand: bool) -> None:
        """Sweep while somebody makes a request, of content that may be about to go."""
        self._ripe(text)
        self._sweep({moment: lambda: self.apply(text) if by_hand and moment != "deleted" else self.upload(text)})

    @rule(target=requests, moment=MOMENTS, text=TEXTS)
    def sweep_between_the_steps_of_an_upload(self, moment: str, text: bytes) -> str:
        """Sweep while content is stored; the request for it comes only when the sweep is over."""
        self._ripe(text)
        stored: list[Stored] = []
        self._sweep({moment: lambda: stored.append(self.mill.store(text))})
        name = self._name()
        create(self.mill.cluster, stored[0] if stored else self.mill.store(text), "a", Options(name=name), key=None)
        return name

    @rule(moment=MOMENTS, text=TEXTS)
    def sweep_that_crashes(self, moment: str, text: bytes) -> None:
        """Sweep until the process is killed."""

        def crash() -> None:
            raise Crash

        self._ripe(text)
        with contextlib.suppress(Crash):
            self._sweep({moment: crash})
        self._sweep({})

    @rule(moment=st.sampled_from(["first list", "list before the moves", "last list"]), text=TEXTS)
    def sweep_whose_list_fails(self, moment: str, text: bytes) -> None:
        """Sweep while the cluster goes away; then once more when it is back."""

        def fail() -> None:
            raise Away("gone.")

        self._ripe(text)
        with contextlib.suppress(Away):
            self._sweep({moment: fail})
        self._sweep({})

    @rule()
    def sweep_beside_an_empty_list(self) -> None:
        """Sweep while another cluster answers, which has no request: not a file may go."""
        before, objects, uid = self.mill.files(), dict(self.mill.cluster.objects), self.mill.cluster.uid
        self.mill.cluster.objects.clear()
        self.mill.cluster.uid = "another"
        with contextlib.suppress(SweepRefused):
            self.mill.sweep()
        self.mill.cluster.objects |= objects
        self.mill.cluster.uid = uid
        assert self.mill.files() == before

    @invariant()
    def everything_live_is_there(self) -> None:
        """Every request's content and outputs lie in their places."""
        for body in self.mill.cluster.objects.values():
            status = body["status"]
            paths = [layout.upload(body["spec"]["input"]["upload"])]
            paths += [f"{status['tokens']['path']}/manifest.json"] if "tokens" in status else []
            paths += [f"{status['result']['table']['path']}/manifest.json"] if "result" in status else []
            if not status.get("settled") and body["metadata"]["name"] in self.followed:
                paths.append(f"{self.followed[body['metadata']['name']]}/manifest.json")
            for path in paths:
                assert (self.mill.root / path).is_file(), f"{body['metadata']['name']} lost {path}"

    @rule()
    def nothing_loose_stays_for_ever(self) -> None:
        """Two undisturbed sweeps leave only what requests refer to and what their running Jobs wrote."""
        self.mill.sweep_twice()
        live = {layout.upload(body["spec"]["input"]["upload"]) for body in self.mill.cluster.objects.values()}
        uploads = {path for path in self.mill.files() if path.startswith("uploads/")}
        assert uploads == live
        assert self.mill.tree.trashed() == []
        assert not self._settled_leftovers()

    def _settled_leftovers(self) -> list[str]:
        bodies = self.mill.cluster.objects.values()
        running = {
            job["name"]
            for body in bodies
            if not body["status"].get("settled")
            for job in body["status"].get("jobs", {}).values()
        }
        temporary = [path for path in self.mill.files() if ".tmp/" in path]
        return [path for path in temporary if path.split("/")[1] not in running]

    def _ripe(self, text: bytes) -> None:
        """Store content, and bring all that is loose (it too, if no request refers to it) to the second look."""
        self.mill.store(text)
        self.mill.now += GRACE
        self.mill.sweep()
        self.mill.now += GRACE

    def _find(self, name: str) -> dict[str, Any] | None:
        return self.mill.cluster.objects.get(("default", name))

    def _sweep(self, disturb: dict[str, Callable[[], object]]) -> None:
        disturbed(self.mill, disturb)


TestHistories = Histories.TestCase
