"""The room's commands: `python -m app sweep` and `python -m app init`.

`sweep` removes from the volume what no request refers to; it is safe to run at any time and as often as one likes (a
CronJob does). `init` marks a folder that already holds other things as Textmill's volume. Both print one line of
JSON, or on standard error why they did nothing, and then end with a code other than 0.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial

from app import standard_error
from app.cluster import Away, ClusterError
from app.errors import AppError
from app.kubernetes_cluster import KubernetesCluster
from app.logs import set_up
from app.setting_values import seconds, share
from app.settings import BadSetting, Settings
from app.sweep import Rules
from app.sweeper import sweep
from app.tree import Tree
from app.volume import Volume

NOW_GRACE = 60
"""Seconds: time enough for the call that makes a request of content that has just come in."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    standard_error.never_fails()
    asked = _parser().parse_args(arguments)
    try:
        settings = Settings.load(os.environ)
        set_up(settings.log_level)
        if asked.command == "init":
            _init(settings)
            done: dict[str, object] = {"volume": str(settings.volume), "namespace": settings.namespace}
        else:
            done = _sweep(settings, asked)
    except AppError as error:
        hint = "Run this again when it answers." if isinstance(error, Away) else error.hint
        print(f"{error.reason}: {error.detail} {hint}", file=sys.stderr)
        return 1
    except BadSetting as error:
        print(error, file=sys.stderr)
        return 2
    print(json.dumps(done))
    return 1 if done.get("failed") else 0


def _init(settings: Settings) -> None:
    """Make the volume that of this namespace; with its uid, where the cluster can be asked for it."""
    Volume(settings.volume, settings.namespace, settings.claim).prepare(adopt=True)
    with contextlib.suppress(ClusterError):
        cluster = KubernetesCluster(settings.namespace, settings.cluster_timeout, settings.kubeconfig)
        Tree(settings.volume.absolute()).pin(cluster.namespace_uid())


def _sweep(settings: Settings, asked: argparse.Namespace) -> dict[str, object]:
    if asked.mark:
        Volume(settings.volume, settings.namespace, settings.claim).prepare()
    grace = NOW_GRACE if asked.now else settings.sweep_grace if asked.grace is None else asked.grace
    rules = Rules(
        grace=grace,
        arrive=settings.sweep_grace if asked.now else 0.0,
        max_share=settings.sweep_max_share if asked.max_share is None else asked.max_share,
        allow_empty=asked.allow_empty,
        resume=settings.resume_seconds,
    )
    once = partial(
        sweep,
        Tree(settings.volume.absolute()),
        KubernetesCluster(settings.namespace, settings.cluster_timeout, settings.kubeconfig),
        rules,
        time.time,
        namespaces=settings.sweep_namespaces,
        dry_run=asked.dry_run,
    )
    report = once()
    if asked.now and report.waiting and not asked.dry_run:
        time.sleep(grace)
        report = once()
    return report.to_dict()


def _as(read: Callable[[str], float]) -> Callable[[str], float]:
    """Return what reads an argument as a setting is read, and tells what is wrong with it in a sentence."""

    def taken(text: str) -> float:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{text!r}: {error}") from error

    return taken


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m app", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("init", help="mark TEXTMILL_VOLUME as Textmill's, whatever it holds")
    one = commands.add_parser("sweep", help="delete what no request refers to, after two looks a grace period apart")
    one.add_argument("--dry-run", action="store_true", help="only say what would be done; remembers nothing")
    one.add_argument("--grace", type=_as(seconds), metavar="SECONDS", help="instead of TEXTMILL_SWEEP_GRACE")
    one.add_argument("--now", action="store_true", help=f"wait {NOW_GRACE} seconds between two looks, and take both")
    one.add_argument("--max-share", type=_as(share), metavar="SHARE", help="instead of TEXTMILL_SWEEP_MAX_SHARE")
    one.add_argument("--allow-empty", action="store_true", help="sweep although there is no request at all")
    one.add_argument("--mark", action="store_true", help="mark the volume first, if it holds nothing but Textmill's")
    return parser


if __name__ == "__main__":
    sys.exit(main())
