"""`python -m local.scheduler`: the scheduler as a command.

Only for a cluster whose kubelets run with --no-scheduler; else each kubelet brings its own. It keeps no state.
"""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from local import command, kubeconfig
from local.client import Client
from local.scheduler.scheduler import Scheduler


async def _serve(path: Path) -> None:
    async with Client(kubeconfig.load(path), "textmill-local-scheduler") as api:
        await Scheduler(api, lambda: datetime.now(UTC)).run()


def main(arguments: list[str] | None = None) -> int:
    """Run until told to stop."""
    parser = argparse.ArgumentParser(prog="local.scheduler", description="A small scheduler for any Kubernetes API.")
    parser.add_argument("--kubeconfig", type=Path, required=True, help="where the API server is")
    parser.add_argument("--log-level", default="INFO")
    given = parser.parse_args(arguments)
    return command.run("scheduler", _serve(given.kubeconfig), given.log_level)


if __name__ == "__main__":
    sys.exit(main())
