"""plan() in random histories: crashes, late leaders, stale views, lost answers, dying pods, users and quotas.

What is promised, and checked after every step: requests end once, rightly, and are not touched afterwards; a
Job is deleted only when nobody waits for it (both in `cluster`); and pods at work never pass the limit. Not
counted against the limit are pods of a Job that a leader created after another had taken over (a fenced
leader has one call in flight at most), and pods of a Job that somebody else deleted in the background. In the
end, when nothing more goes wrong, every request ends and no Job and no pod is left.
"""

from __future__ import annotations

from typing import Any

from hypothesis import note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.planner.cluster import Cluster, Fate
from tests.planner.draws import FATES, FAULTS, GRACES, OPTIONS
from tests.planner.leader import KINDS, Fault, Leader
from tests.planner.receiver import ATTEMPTS, MOODS, Mood
from tests.planner.worker_model import SHARD, SMALL, TEXTS, digest
from textmill import reuse
from textmill.limits import Limits
from textmill.picture import Key
from textmill.request import Input, Spec

ENOUGH, EACH = 500, 10
"""Rounds within which everything must have ended once nothing more goes wrong, and for each request so many more."""

seeds = st.integers(0, 1 << 16)
few = st.integers(1, 20)


class Histories(RuleBasedStateMachine):
    """One cluster, one leader, and up to two that do not know yet that they are none."""

    @initialize(pods=st.integers(1, 4), members=st.integers(1, 5), follow=st.integers(2, 4), fair=st.booleans())
    def begin(self, pods: int, members: int, follow: int, fair: bool) -> None:
        """Draw how much the cluster may do at once."""
        self.limits = Limits(
            pods=pods,
            small_bytes=SMALL,
            batch_members=members,
            batch_bytes=3 * SMALL,
            shard_bytes=SHARD,
            max_shards=4,
            shard_pods=3,
            follow_members=follow,
            notify_attempts=ATTEMPTS,
            **GRACES,
        )
        self.cluster = Cluster(fair=fair)
        self.leader = Leader(self.cluster, self.limits)
        self.late: list[Leader] = []
        self.names = 0

    def _key(self, seed: int) -> Key:
        return sorted(self.cluster.requests)[seed % len(self.cluster.requests)]

    def _job(self, seed: int) -> Key:
        return sorted(self.cluster.jobs)[seed % len(self.cluster.jobs)]

    def _pod(self, seed: int) -> str:
        return sorted(self.cluster.pods)[seed % len(self.cluster.pods)]

    # Users

    @rule(
        copies=st.sampled_from([1, 1, 3]),
        text=st.sampled_from(TEXTS),
        source=st.sampled_from(["upload", "path", "inline", "hinted"]),
        namespace=st.sampled_from(["left", "right"]),
        options=OPTIONS,
    )
    def apply(self, copies: int, text: str, source: str, namespace: str, options: dict[str, Any]) -> None:
        """Create some requests for one text."""
        size = len(text.encode())
        given = {
            "upload": Input(upload=digest(text), bytes=size),
            "path": Input(path=digest(text)),
            "inline": Input(inline=text),
            "hinted": Input(path=digest(text), bytes=1),
        }[source]
        self.cluster.volume.texts[digest(text)] = text
        spec = Spec(given, **options)
        label = reuse.key(spec) if source == "upload" else None
        for _ in range(copies):
            self.names += 1
            self.cluster.apply(namespace, f"request-{self.names}", spec, text, label)

    @precondition(lambda self: self.cluster.requests)
    @rule(seed=seeds, suspend=st.booleans(), priority=st.sampled_from([0, 5]))
    def edit(self, seed: int, suspend: bool, priority: int) -> None:
        """Suspend, resume, change the priority."""
        self.cluster.edit(self._key(seed), suspend=suspend, priority=priority)

    @precondition(lambda self: self.cluster.requests)
    @rule(seed=seeds, linger=st.booleans())
    def delete(self, seed: int, linger: bool) -> None:
        """Delete a request."""
        self.cluster.remove(self._key(seed), linger)

    @precondition(lambda self: self.cluster.jobs)
    @rule(seed=seeds)
    def delete_job(self, seed: int) -> None:
        """Delete a Job as kubectl does."""
        self.cluster.forget(self._job(seed))

    @precondition(lambda self: self.cluster.volume.tokens)
    @rule(seed=seeds)
    def lose_tokens(self, seed: int) -> None:
        """Delete a shard from the volume."""
        tokens = self.cluster.volume.tokens
        self.cluster.hurt |= self.cluster.expected.keys()
        del tokens[sorted(tokens)[seed % len(tokens)]]

    # The operator

    @rule(calls=few, fault=st.sampled_from(FAULTS))
    def act(self, calls: int, fault: Fault) -> None:
        """Let the leader make some calls, the first of which may go wrong."""
        for number in range(calls):
            self.leader.act(fault if number == 0 else "none")

    @rule(kind=st.sampled_from(KINDS), events=few)
    def see(self, kind: str, events: int) -> None:
        """Let one view catch up a little."""
        view = next(view for view in self.leader.views.values() if view.kind == kind)
        view.advance(self.cluster, events)

    @rule(lives=st.booleans())
    def take_over(self, lives: bool) -> None:
        """Let the operator crash and come back, or another take over in the middle of its plan."""
        if lives and len(self.late) < 2:
            self.leader.late = True
            self.late.append(self.leader)
        self.leader = Leader(self.cluster, self.limits)

    @precondition(lambda self: self.late)
    @rule(seed=seeds, calls=few)
    def act_late(self, seed: int, calls: int) -> None:
        """Let a former leader go on with its plan; it makes no new one."""
        former = self.late[seed % len(self.late)]
        for _ in range(calls):
            if former.steps is not None:
                former.act()
        if former.steps is None:
            self.late.remove(former)

    @rule(skew=st.integers(-30, 30))
    def set_clock(self, skew: int) -> None:
        """Let the leader's clock be wrong."""
        self.leader.skew = 0.0 if self.cluster.fair else float(skew)

    # The cluster

    @rule(seconds=st.integers(0, 100))
    def wait(self, seconds: int) -> None:
        """Let time pass."""
        for part in range(0, seconds, 5):
            self.cluster.now += min(5, seconds - part)
            for view in self.leader.views.values() if self.cluster.fair else ():
                view.keep_up(self.cluster, 5)

    @precondition(lambda self: self.cluster.jobs)
    @rule(seed=seeds)
    def control(self, seed: int) -> None:
        """Let the Job controller look at one Job."""
        self.cluster.control(self._job(seed))

    @precondition(lambda self: self.cluster.pods)
    @rule(seed=seeds, fate=st.sampled_from(FATES))
    def finish(self, seed: int, fate: Fate) -> None:
        """End a container."""
        self.cluster.finish(self._pod(seed), fate)

    @precondition(lambda self: self.cluster.pods)
    @rule(seed=seeds, counted=st.booleans())
    def drop_pod(self, seed: int, counted: bool) -> None:
        """Delete a pod."""
        self.cluster.drop_pod(self._pod(seed), counted)

    @rule(kind=st.sampled_from(["quota", "image", "claim", "none", "none", "none"]))
    def meet_trouble(self, kind: str) -> None:
        """Let pods be impossible from now on, or all trouble end."""
        if kind == "none":
            self.cluster.mend()
        else:
            self.cluster.trouble.add(kind)

    @rule(mood=st.sampled_from(MOODS))
    def change_mood(self, mood: Mood) -> None:
        """Let whoever is told of ends answer otherwise from now on."""
        self.cluster.receiver.mood = mood

    @rule(rounds=st.integers(1, 3), ends=seeds, sees=seeds)
    def live(self, rounds: int, ends: int, sees: int) -> None:
        """Let some rounds pass in which nothing goes wrong, but pods may last and views may lag."""
        for number in range(rounds):
            self._round(ends >> 4 * number, sees >> 3 * number)

    def _round(self, ends: int = -1, sees: int = -1) -> bool:
        for bit, view in enumerate(self.leader.views.values()):
            view.advance(self.cluster, 1 << 30 if sees >> bit & 1 else 2)
        calls = 0
        while self.leader.act():
            calls += 1
            self.within_limit()
        for key in list(self.cluster.jobs):
            self.cluster.control(key)
            self.within_limit()
        for bit, uid in enumerate(list(self.cluster.pods)):
            if ends >> bit % 8 & 1:
                self.cluster.finish(uid, "well")
        self.cluster.collect()
        return calls > 0

    @invariant()
    def within_limit(self) -> None:
        """Count the pods at work: those that waited for image or claim did not count, and may have begun at once."""
        assert self.cluster.at_work() <= self.limits.pods * (1 + self.cluster.waited)

    def teardown(self) -> None:
        """Stop what goes wrong; everything must end, and nothing be left over."""
        if not hasattr(self, "cluster"):
            return
        self.cluster.mend()
        self.cluster.job_ttl = 1e9
        self.leader.skew = 0.0
        for former in self.late:
            while former.steps is not None:
                former.act()
        for key in list(self.cluster.requests):
            self.cluster.edit(key, suspend=False)
        for _ in range(ENOUGH + EACH * len(self.cluster.requests)):
            idle = not self._round()
            if idle and not self.cluster.jobs and not self.cluster.pods and self._all_ended():
                break
            self.cluster.now += 5
        else:
            note(repr(self.cluster))
            raise AssertionError("something never ends")

    def _all_ended(self) -> bool:
        return all(one.status.ended and one.status.settled for one in self.cluster.requests.values())


TestHistories = Histories.TestCase
TestHistories.settings = settings(max_examples=3 * settings().max_examples, stateful_step_count=100)
