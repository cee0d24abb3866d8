"""The lock of a state folder: one stack at a time, and a way for others to see that there is one.

`python -m local.stack.lock FOLDER` fails with a sentence where no stack runs, for commands that would else only learn
that nobody listens. The kernel lets go of the lock however the stack ends, so what it says is true after a kill too.
"""

import contextlib
import fcntl
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from local.errors import StateInUse
from local.stack.state import prepare


@contextlib.contextmanager
def locked(state: Path) -> Iterator[None]:
    """Hold a state folder for this process alone; StateInUse where another has it, StateUnusable where it is none."""
    prepare(state)
    with (state / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            holder = file.read().strip() or "another process"
            hint = "stop it, or name another folder: make run STATE=FOLDER, or --state FOLDER"
            raise StateInUse(f"{state} is in use by a stack that runs as process {holder}", hint) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def is_held(state: Path) -> bool:
    """Tell whether a stack runs on a state folder; one that is somebody else's is taken for one that does."""
    try:
        with (state / "lock").open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except NotADirectoryError:
        return False
    except (BlockingIOError, PermissionError):
        return True
    return False


def main(state: Path) -> int:
    """Return 0 where a stack runs, else 1, with what to do."""
    if is_held(state):
        return 0
    sys.stderr.write(f"textmill: no stack runs on {state}\ntextmill: start `make run` first, in another terminal\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
