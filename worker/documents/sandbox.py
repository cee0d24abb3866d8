"""What a process that parses a stranger's document may still do: read its input, compute a while, write to its pipes.

Limits of the system hold memory, CPU time and the number of files; no file can be written to, as the largest size is
zero. Where the kernel has Landlock (Linux 5.13), no file can be made, removed or opened for writing either, and no
TCP connection made (6.7); without it the other limits remain. It dies with the worker that started it.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal

_PARENT_DEATH, _NO_NEW_PRIVILEGES = 1, 38
_CREATE_RULESET, _RESTRICT_SELF = 444, 446
_VERSION = 1
_WRITES = 1 << 1 | sum(1 << bit for bit in range(4, 13))
"""WRITE_FILE, REMOVE_*, MAKE_*: the rights of Landlock's first version that change anything."""
_TCP = 0b11


def confine(memory: int, seconds: int) -> None:
    """Give up, for good, all that parsing does not need."""
    for limit, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        resource.setrlimit(limit, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))  # the soft one has a signal of its own
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # so that a write fails and says so
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PARENT_DEATH, signal.SIGKILL, 0, 0, 0)
    libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    _landlock(libc)


def _landlock(libc: ctypes.CDLL) -> None:
    version = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION)
    if version < 1:
        return
    handled = (ctypes.c_uint64 * 2)(_WRITES, _TCP)
    size = ctypes.c_size_t(16 if version >= 4 else 8)
    rules = libc.syscall(_CREATE_RULESET, ctypes.byref(handled), size, 0)
    if rules >= 0:
        libc.syscall(_RESTRICT_SELF, rules, 0)
        os.close(rules)
