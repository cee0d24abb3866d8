"""What a process that parses a stranger's document may still do: read its input, compute a while, write to its pipes.

Limits of the system hold memory, CPU time and the number of files; no file can be written to, as the largest size is
zero. Where the kernel has Landlock (Linux 5.13), no file can be made, moved, removed, run or opened for writing either;
no file can be emptied (6.2), no TCP connection made (6.7), no process outside be sent a signal (6.12). A right that the
kernel does not know must not be named, or it refuses all of them. It dies with the worker that started it.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal

_PARENT_DEATH, _NO_NEW_PRIVILEGES = 1, 38
_CREATE_RULESET, _RESTRICT_SELF = 444, 446
_VERSION = 1
_READS = 0b1100
"""READ_FILE and READ_DIR, the rights that a parser needs."""
_FILES = ((1, 13), (2, 14), (3, 15), (5, 16))
"""The version of Landlock from which on so many rights to files are known; REFER, TRUNCATE and IOCTL_DEV came later."""
_TCP, _SCOPES = (4, 0b11), (6, 0b11)
"""From which version on it knows bind and connect, and abstract sockets and signals."""


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


def landlock_version(libc: ctypes.CDLL) -> int:
    """Return the version of Landlock that the kernel has; below one there is none."""
    return int(libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION))


def _landlock(libc: ctypes.CDLL) -> None:
    version = landlock_version(libc)
    if version < 1:
        return
    files = (1 << max(rights for since, rights in _FILES if since <= version)) - 1 & ~_READS
    later = [rights for since, rights in (_TCP, _SCOPES) if since <= version]
    handled = (ctypes.c_uint64 * (1 + len(later)))(files, *later)
    rules = libc.syscall(_CREATE_RULESET, ctypes.byref(handled), ctypes.c_size_t(ctypes.sizeof(handled)), 0)
    if rules >= 0:
        libc.syscall(_RESTRICT_SELF, rules, 0)
        os.close(rules)
