"""`python -m cluster build`: the programs of the test cluster, built once into the cache.

The Makefile's targets call this, and so do tests that need a program such as helm.
"""

import argparse
import os
import sys

from cluster import binaries
from cluster.errors import ClusterError
from cluster.places import cache


def main() -> int:
    """Run one command; a ClusterError is a sentence and a hint, not a traceback."""
    parser = argparse.ArgumentParser(prog="python -m cluster", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    build = commands.add_parser("build", help="build programs into the cache and print where they are")
    build.add_argument("module", nargs="*", help=", ".join(one.name for one in binaries.ALL))
    try:
        return run(parser.parse_args())
    except ClusterError as error:
        print(f"{error.message}\n{error.hint}".strip(), file=sys.stderr)
        return 1


def run(asked: argparse.Namespace) -> int:
    """Do what was asked, and return the exit code."""
    wanted = [one for one in binaries.ALL if not asked.module or one.name in asked.module]
    for path in binaries.build(cache(os.environ), wanted).values():
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
