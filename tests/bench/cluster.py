"""`make bench-cluster`: what Textmill promises on a real Kubernetes, as a table beside its thresholds.

`node` runs on the real node, within `make e2e`'s own set-up; `scale` beside a control plane with the laptop's kubelet,
which needs neither root nor an image. A figure without a threshold fails.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from tests.bench import node, scale
from tests.bench.report import judge, load_thresholds, machine, table

THRESHOLDS = Path(__file__).with_name("cluster_thresholds.toml")
WORKLOADS: dict[str, Callable[[], dict[str, float]]] = {"node": node.run, "scale": scale.run}


def main() -> int:
    """Run both, or those that are named; return 1 where a threshold is passed."""
    parser = argparse.ArgumentParser(prog="make bench-cluster", description=__doc__)
    parser.add_argument("workloads", nargs="*", default=[], metavar="WORKLOAD", help=f"of {', '.join(WORKLOADS)}")
    figures: dict[str, float] = {}
    for name in parser.parse_args().workloads or WORKLOADS:
        print(f"... {name}", file=sys.stderr, flush=True)
        figures |= {f"{name}.{figure}": value for figure, value in WORKLOADS[name]().items()}
    verdicts = judge(figures, load_thresholds(THRESHOLDS))
    print(machine())
    print(table(verdicts))
    return 1 if any(one.wrong for one in verdicts) else 0


if __name__ == "__main__":
    sys.exit(main())
