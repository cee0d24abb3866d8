"""The command `python -m local.apiserver`: a small Kubernetes API server on this machine.

    python -m local.apiserver --state DIR --kubeconfig FILE [--listen 127.0.0.1:0] [--ready-file FILE]
                              [--token-file FILE] [--namespace default] [--allow-host NAME] [--advertise NAME]
                              [--fsync] [--verbose]

It prints one line, `ready https://127.0.0.1:PORT`, once it answers, and stops cleanly on SIGTERM or SIGINT. The ready
file holds the same address and is removed at a clean stop. The token file is made with a new token where it is
missing; without one the token is kept in the state folder.
"""

import argparse
import asyncio
import contextlib
import logging
import pathlib
import signal
import sys

from local import standard_error

from .assembly import Settings, running
from .journal import JournalError

USAGE_ERROR, STATE_ERROR = 2, 1


def address(text: str) -> tuple[str, int]:
    """HOST:PORT, with brackets around an IPv6 host."""
    host, separator, port = text.rpartition(":")
    if not separator or not port.isdigit() or int(port) > 65_535:
        raise argparse.ArgumentTypeError(f'"{text}" is not HOST:PORT (for example 127.0.0.1:0)')
    return host.strip("[]"), int(port)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    found = argparse.ArgumentParser(
        prog="python -m local.apiserver",
        description="A small, honest Kubernetes API server for one machine, for kubectl, kopf and the Python client.",
        epilog="It prints 'ready URL' once it answers. SIGTERM and SIGINT stop it cleanly; kill -9 loses nothing.",
    )
    file = pathlib.Path
    found.add_argument(
        "--state", type=file, required=True, metavar="DIR", help="folder of the state (SQLite), made if missing"
    )
    found.add_argument("--listen", type=address, default=("127.0.0.1", 0), metavar="HOST:PORT",
                       help="address to listen on; port 0 takes a free one (default: 127.0.0.1:0)")  # fmt: skip
    found.add_argument(
        "--kubeconfig", type=file, metavar="FILE", help="kubeconfig to write, readable by its owner only"
    )
    found.add_argument(
        "--namespace", default="default", help="namespace of the kubeconfig's context (default: default)"
    )
    found.add_argument(
        "--token-file", type=file, metavar="FILE", help="bearer token; made if missing (default: DIR/token)"
    )
    found.add_argument("--ready-file", type=file, metavar="FILE", help="file to write the URL to once it answers")
    found.add_argument("--allow-host", action="append", default=[], metavar="NAME",
                       help="another name that clients may use in the Host header; may be repeated")  # fmt: skip
    found.add_argument("--advertise", default="", metavar="NAME",
                       help="name that the kubeconfig gives clients (default: the address listened on)")  # fmt: skip
    found.add_argument("--bookmark-seconds", type=float, default=30.0, metavar="N",
                       help="longest silence of a watch that takes bookmarks (default: 30, at most 60)")  # fmt: skip
    found.add_argument("--history", type=int, default=5_000, metavar="N",
                       help="past changes kept for watches, for each resource type (default: 5000)")  # fmt: skip
    found.add_argument("--fsync", action="store_true", help="survive power loss too: sync to disk before each answer")
    found.add_argument("--verbose", action="store_true", help="log every request to standard error")
    return found


def settings(arguments: list[str] | None = None) -> tuple[Settings, bool]:
    """The settings that a command line asks for, and whether to log much."""
    commands = parser()
    found = commands.parse_args(arguments)
    if not 0 < found.bookmark_seconds <= 60:
        commands.error(f"--bookmark-seconds must be over 0 and at most 60, not {found.bookmark_seconds:g}")
    if found.history < 1:
        commands.error(f"--history must be at least 1, not {found.history}")
    host, port = found.listen
    chosen = Settings(
        state=found.state, host=host, port=port, token_file=found.token_file, kubeconfig=found.kubeconfig,
        ready_file=found.ready_file, namespace=found.namespace, hosts=tuple(found.allow_host),
        advertise=found.advertise, bookmark_seconds=found.bookmark_seconds, history=found.history, fsync=found.fsync,
    )  # fmt: skip
    return chosen, found.verbose


async def serve(chosen: Settings) -> None:
    """Run until a signal."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    async with running(chosen) as server:
        sys.stdout.write(f"ready {server.url}\n")
        sys.stdout.flush()
        await stopped.wait()


def main() -> int:
    """The command."""
    standard_error.never_fails()
    chosen, verbose = settings()
    level = logging.DEBUG if verbose else logging.WARNING
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr)
    logging.getLogger("asyncio").setLevel(logging.WARNING)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(serve(chosen))
    except JournalError as error:
        sys.stderr.write(f"{error}\n{error.hint}\n")
        return STATE_ERROR
    except OSError as error:
        sys.stderr.write(f"cannot listen on {chosen.host}:{chosen.port} or write its files: {error}\n")
        return STATE_ERROR
    return 0


if __name__ == "__main__":
    sys.exit(main())
