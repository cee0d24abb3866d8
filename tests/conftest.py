"""Settings that every test shares: the guards, and how hard the property tests try.

`HYPOTHESIS_PROFILE` chooses: `default` on a desk, `ci` the same examples each time, `long` for a night. There
is no deadline on an example, since a busy machine would fail tests for its own slowness.
"""

from __future__ import annotations

import os
import signal

from hypothesis import HealthCheck, settings

from worker import engines

pytest_plugins = ["tests.guards"]

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell's background job ignores Ctrl-C, and so would all that the tests start in order to interrupt it.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_report_header() -> str:
    """Tell which engines the tests run on, since a test of an engine that is not built cannot be missed."""
    problem = (
        "" if engines.built() else " (only: the compiled engine is not built or not this one, `make engine` builds it)"
    )
    return f"engines: reference{problem or ', compiled'}"


settings.register_profile("default", deadline=None, max_examples=50)
settings.register_profile(
    "ci",
    deadline=None,
    max_examples=50,
    derandomize=True,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("long", deadline=None, max_examples=2000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "default"))
