"""`python -m local.jobs`: the Job controller as a command.

It needs nothing but a kubeconfig, so it can run beside any API server that has no Job controller of its own.
It keeps no state: a new process goes on where a killed one was.
"""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from local import command, kubeconfig
from local.client import Client
from local.jobs.controller import Controller
from local.jobs.model import Settings


async def _serve(path: Path, settings: Settings) -> None:
    async with Client(kubeconfig.load(path), "textmill-local-jobs") as api:
        await Controller(api, settings, lambda: datetime.now(UTC)).run()


def main(arguments: list[str] | None = None) -> int:
    """Run until told to stop."""
    parser = argparse.ArgumentParser(prog="local.jobs", description="A Job controller for any Kubernetes API.")
    parser.add_argument("--kubeconfig", type=Path, required=True, help="where the API server is")
    parser.add_argument("--backoff-base", type=float, default=10.0, help="seconds after a pod's first failure (10)")
    parser.add_argument("--backoff-limit", type=float, default=600.0, help="the longest such wait in seconds (600)")
    parser.add_argument("--log-level", default="INFO")
    given = parser.parse_args(arguments)
    settings = Settings(backoff_base=given.backoff_base, backoff_limit=given.backoff_limit)
    return command.run("jobs", _serve(given.kubeconfig, settings), given.log_level)


if __name__ == "__main__":
    sys.exit(main())
