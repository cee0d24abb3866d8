"""What a machine lacks for a node is said in one sentence with what to do, before anything is started."""

from __future__ import annotations

import os
import platform
import shutil
import signal
from pathlib import Path
from typing import NamedTuple

import pytest

from cluster import __main__ as command
from cluster import binaries, needs
from cluster.errors import MachineLacks
from tests.stand_ins import stand_in

UNSHARE = """#!/bin/sh
case "$*" in *"$REFUSED"*) echo "not permitted" >&2; exit 1 ;; esac
"""
"""Stands for the kernel: what is tried in namespaces goes well, but for one thing."""

CONTROLLERS = "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t0\t1\t1\nmemory\t0\t1\t1\npids\t0\t1\t1\n"
PROGRAMS = ("unshare", "nsenter", "ip", "iptables", "containerd", "runc", "/usr/lib/cni/ptp")


class Usage(NamedTuple):
    """A disk, as far as it is asked about."""

    free: int


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make this look like a machine that has everything, and return where a cluster's state would lie."""
    stand_in("unshare", UNSHARE, tmp_path, monkeypatch)
    (tmp_path / "cgroups").write_text(CONTROLLERS)
    monkeypatch.setenv("REFUSED", "nothing is")
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda name: name)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(8 << 30))
    monkeypatch.setattr(needs, "CONTROLLERS", tmp_path / "cgroups")
    monkeypatch.setattr(needs, "UNIFIED", tmp_path / "cgroup.controllers")
    return tmp_path / "state"


def lacking(state: Path) -> MachineLacks:
    """Return what the machine is told that it lacks."""
    with pytest.raises(MachineLacks) as told:
        needs.check(state)
    return told.value


def test_machine_that_has_everything_is_taken_and_left_as_it_was(state: Path) -> None:
    before = sorted(state.parent.iterdir())
    needs.check(state)
    assert sorted(state.parent.iterdir()) == before


def test_other_system_is_sent_to_the_laptops_cluster(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    told = lacking(state)
    assert (told.message, told.hint) == (
        "a node needs Linux, and this is Darwin",
        "use make run, the laptop's cluster",
    )


def test_nobody_but_root_is_told_what_goes_without_root(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    told = lacking(state)
    assert told.message == "a node needs root: it makes namespaces, mounts and control groups"
    assert told.hint == "run it as root; without root there is `python -m cluster control-plane`"


@pytest.mark.parametrize("program", PROGRAMS)
def test_program_that_is_missing_is_named(state: Path, program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None if name == program else name)
    told = lacking(state)
    assert told.message == f"a node needs {program}"
    assert told.hint == "apt-get install the packages that `make cluster-up` names"


@pytest.mark.parametrize("controller", ["cpu", "memory", "pids"])
def test_kernel_without_a_controller_is_told_so(state: Path, controller: str) -> None:
    needs.CONTROLLERS.write_text(CONTROLLERS.replace(f"\n{controller}\t0\t1\t1", f"\n{controller}\t0\t1\t0"))
    assert lacking(state).message == "the kernel has no control groups for memory, cpu and pids"
    needs.CONTROLLERS.unlink()
    assert lacking(state).message == "the kernel has no control groups for memory, cpu and pids"
    needs.UNIFIED.write_text("cpuset cpu io memory pids\n")
    needs.check(state)
    needs.UNIFIED.write_text(f"cpuset {' '.join({'cpu', 'memory', 'pids'} - {controller})}\n")
    assert lacking(state).message == "the kernel has no control groups for memory, cpu and pids"


def test_full_disk_is_named(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage((8 << 30) - 1))
    told = lacking(state)
    assert told.message == f"{state.parent} has less than 8 GiB free"
    assert told.hint == "make room, or set TEXTMILL_CLUSTER_STATE"


@pytest.mark.parametrize(
    ("refused", "message", "hint"),
    [
        ("true", "the machine lets nobody make namespaces", "run it outside a restricted container"),
        ("-t overlay", "the kernel cannot mount an overlay file system in {}", "set TEXTMILL_CLUSTER_STATE"),
        ("type bridge", "the kernel has no network bridge", "load the module bridge"),
        ("type veth", "the kernel has no veth interfaces", "load the module veth"),
        (
            "iptables",
            "iptables cannot translate addresses on this kernel",
            "load the modules of nf_tables and nf_nat, or try the other iptables by update-alternatives",
        ),
    ],
)
def test_what_the_kernel_refuses_is_told_with_its_own_words(
    state: Path, refused: str, message: str, hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFUSED", refused)
    told = lacking(state)
    assert (told.message, told.hint) == (f"{message.format(state.parent)}: not permitted", hint)


def test_command_says_it_in_two_lines_and_starts_nothing(
    state: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TEXTMILL_CLUSTER_CACHE", str(state.parent / "cache"))
    monkeypatch.setenv("TEXTMILL_CLUSTER_STATE", str(state))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr("sys.argv", ["cluster", "up"])
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(binaries, "build", lambda *_: pytest.fail("something is built"))
    assert command.main() == 1
    assert capsys.readouterr().err.splitlines() == [
        "a node needs root: it makes namespaces, mounts and control groups",
        "run it as root; without root there is `python -m cluster control-plane`",
    ]
    assert not state.exists()
