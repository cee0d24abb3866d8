"""The benchmark of a restart runs as written, and each of its figures has a threshold."""

from __future__ import annotations

from tests.bench.operator_restart import run
from tests.bench.report import load_thresholds


def test_restart_is_measured_and_every_figure_is_judged() -> None:
    figures = run(finished=30)
    judged = {name.partition(".")[2] for name in load_thresholds() if name.startswith("operator_restart.")}
    assert figures.keys() == judged
    assert all(value > 0 for value in figures.values())
