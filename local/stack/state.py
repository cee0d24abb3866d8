"""The folder of all that a stack keeps: made where it is missing, and refused in a sentence where it cannot be one.

A stack scatters a dozen names over its folder. So one that holds other people's files is refused, as `STATE=.` would be
in a checkout, unless a stack was there before.
"""

import shutil
from pathlib import Path

from local.errors import StateUnusable

NAMES = frozenset(
    ("cluster", "cluster-port", "kubeconfig", "kubelet", "lock", "logs", "scratch", "tmp", "volume", "lost+found")
)
USED = "cluster-port"
ANOTHER = "name another folder: make run STATE=FOLDER, or --state FOLDER"


def prepare(state: Path) -> None:
    """Make the folder, readable by its owner alone; StateUnusable where that cannot be, or others' files lie there."""
    try:
        state.mkdir(0o700, parents=True, exist_ok=True)  # uploads are nobody else's on a machine that is shared
        found = {path.name for path in state.iterdir()}
        foreign = sorted(found - NAMES) if USED not in found else []
        if not foreign:
            (state / "lock").open("a").close()
    except (FileExistsError, NotADirectoryError) as error:
        raise StateUnusable(f"{state} is no folder, and its state needs one: {error.strerror}", ANOTHER) from error
    except OSError as error:
        raise StateUnusable(f"{state} cannot hold the state: {error.strerror}", ANOTHER) from error
    if foreign:
        raise StateUnusable(f"{state} holds other files, such as {foreign[0]}", f"{ANOTHER}, empty or new")


def clear(temporary: Path) -> None:
    """Empty the folder of the parts' temporary files: what a killed part left there may hold keys."""
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(0o700, parents=True, exist_ok=True)
