"""Figures against thresholds: pure judgement, and the table that people read."""

from __future__ import annotations

import os
import platform
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

THRESHOLDS = Path(__file__).with_name("thresholds.toml")


@dataclass(frozen=True)
class Verdict:
    """One figure: what was measured, the bound it has, and what is wrong, if anything."""

    name: str
    value: float
    bound: str
    wrong: str | None


def load_thresholds(path: Path = THRESHOLDS) -> dict[str, Mapping[str, Any]]:
    """Return the thresholds by the figure's name: {min or max or info, why}."""
    tree = tomllib.loads(path.read_text())
    return {f"{workload}.{name}": one for workload, figures in tree.items() for name, one in figures.items()}


def judge(figures: Mapping[str, float], thresholds: Mapping[str, Mapping[str, Any]]) -> list[Verdict]:
    """Hold each figure against its threshold; one without any is wrong."""
    return [_judge(name, value, thresholds.get(name)) for name, value in figures.items()]


def _judge(name: str, value: float, threshold: Mapping[str, Any] | None) -> Verdict:
    if threshold is None:
        return Verdict(name, value, "", "no threshold")
    if "max" in threshold:
        wrong = None if value <= threshold["max"] else "too high"
        return Verdict(name, value, f"<= {threshold['max']}", wrong)
    if "min" in threshold:
        wrong = None if value >= threshold["min"] else "too low"
        return Verdict(name, value, f">= {threshold['min']}", wrong)
    return Verdict(name, value, "for information", None if threshold.get("info") else "no threshold")


def table(verdicts: list[Verdict]) -> str:
    """Return the figures as aligned lines."""
    width = max((len(one.name) for one in verdicts), default=0)
    rows = [f"{one.name:<{width}}  {one.value:>12,.3f}  {one.bound:<16} {one.wrong or 'ok'}" for one in verdicts]
    return "\n".join(rows)


def machine() -> str:
    """Return what the figures were measured on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cpu = next(
        (line.split(":", 1)[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.machine(),
    )
    system = f"Linux {platform.release()}, Python {platform.python_version()}"
    return f"{cpu}, {os.cpu_count()} cores, {memory:.0f} GiB, {system}"


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []
