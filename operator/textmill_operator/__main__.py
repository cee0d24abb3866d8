"""`python -m textmill_operator`: runs the operator until SIGTERM or SIGINT.

It takes no arguments but --help, which lists the settings; they come from the environment, as in a pod.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import sys

from textmill_operator.errors import OperatorError
from textmill_operator.logs import configure
from textmill_operator.run import run
from textmill_operator.settings import PREFIX, SETTINGS, Settings

OBJECTS_BEFORE_COLLECTION = 50_000
"""Made and not yet freed: every look for cycles walks over thousands of live requests, and JSON makes no cycles."""


def main() -> int:
    """Parse the (few) arguments, run, and return the exit code."""
    lines = [f"  {PREFIX}{name} [{setting.default}]\n      {setting.help}" for name, setting in SETTINGS.items()]
    parser = argparse.ArgumentParser(
        prog="textmill_operator",
        description="Runs the Jobs of ProcessingRequests. Settings come from the environment:",
        epilog="\n".join(lines),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.parse_args()
    configure("INFO")
    gc.set_threshold(OBJECTS_BEFORE_COLLECTION, 20, 50)
    try:
        settings = Settings.read()
        configure(settings["LOG_LEVEL"])
        asyncio.run(run(settings))
    except OperatorError as error:
        logging.getLogger("textmill_operator").critical("%s: %s", error.reason, error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
