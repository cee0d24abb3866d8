"""What the histories draw from: how pods end, how calls go wrong, what is asked for."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.planner.cluster import Fate
from tests.planner.leader import Fault
from tests.planner.receiver import HOOK

FATES: tuple[Fate, ...] = ("well", "well", "well", "crash", "oom", "evict", "node lost", "unsealed", "log cut")
GRACES: dict[str, Any] = {"image_grace": 60, "claim_grace": 10, "volume_grace": 30, "keep_failed": 60}
FAULTS: tuple[Fault, ...] = ("none", "none", "none", "refuse", "lose")
OPTIONS = st.fixed_dictionaries(
    {
        "timeout": st.sampled_from([30, 3600, 3600, 3600]),
        "retries": st.integers(0, 2),
        "priority": st.sampled_from([0, 0, 5]),
        "notify": st.sampled_from([None, None, HOOK]),
    }
)
