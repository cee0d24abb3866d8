"""`make bench`: runs the workloads, prints their figures beside the thresholds, and fails where one is passed.

A figure without a threshold fails as well, so that none is added in silence. Ratios come from one run on one
machine; the absolute figures mean something only beside the machine that is printed with them.
"""

from __future__ import annotations

import argparse
import importlib
import sys

from tests.bench.report import judge, load_thresholds, machine, table

WORKLOADS = (
    "plan",
    "look_up",
    "latency",
    "throughput",
    "upload",
    "http",
    "tus",
    "streams",
    "tables",
    "page",
    "slow_clients",
    "operator_restart",
)


def main() -> int:
    """Run all workloads, or those that are named; return 1 where a threshold is passed."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("workloads", nargs="*", default=[], metavar="WORKLOAD", help=f"of {', '.join(WORKLOADS)}")
    chosen = parser.parse_args().workloads or WORKLOADS
    figures: dict[str, float] = {}
    for name in chosen:
        print(f"... {name}", file=sys.stderr, flush=True)
        found = importlib.import_module(f"tests.bench.{name}").run()
        figures |= {f"{name}.{figure}": value for figure, value in found.items()}
    verdicts = judge(figures, load_thresholds())
    print(machine())
    print(table(verdicts))
    return 1 if any(one.wrong for one in verdicts) else 0


if __name__ == "__main__":
    sys.exit(main())
