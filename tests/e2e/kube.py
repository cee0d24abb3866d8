"""kubectl and helm as people run them, and waiting for what a cluster is about to do."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from typing import Any, TypeVar

Json = dict[str, Any]
Found = TypeVar("Found")

PATIENCE = 180.0
"""Seconds that a cluster on a busy machine gets for what it does in a few."""
LOOK_SECONDS = 0.2


def run(*command: str, text: str | None = None, ok: bool = True) -> str:
    """Run a command that must succeed (or must fail), and return what it printed."""
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=PATIENCE * 2, check=False)
    assert (done.returncode == 0) is ok, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
    return done.stdout if ok else done.stdout + done.stderr


def kubectl(*arguments: str, text: str | None = None, ok: bool = True) -> str:
    """Run kubectl."""
    return run("kubectl", *arguments, text=text, ok=ok)


def get(*arguments: str) -> Json:
    """Return an object, or a list of them."""
    found: Json = json.loads(kubectl("get", *arguments, "--output=json"))
    return found


def items(*arguments: str) -> list[Json]:
    """Return the objects of a list."""
    found: list[Json] = get(*arguments)["items"]
    return found


def apply(*objects: Json, namespace: str | None = None) -> None:
    """Apply objects."""
    where = ["--namespace", namespace] if namespace else []
    kubectl("apply", *where, "--filename=-", text=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))


def until(condition: Callable[[], Found], patience: float = PATIENCE, look: float = LOOK_SECONDS) -> Found:
    """Wait for something to be true, and return it; look so many seconds apart."""
    deadline = time.monotonic() + patience
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited {patience:.0f} s in vain"
        time.sleep(look)
    return found
