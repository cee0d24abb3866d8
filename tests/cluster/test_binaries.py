"""Programs are built once for what they are made from, whole or not at all, and a failure names its cause."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster import binaries, places
from cluster.errors import BuildFailed, MachineLacks
from tests.stand_ins import stand_in

GO = """#!/bin/sh
echo "$@" >> "$GO_CALLS"
[ -n "$GO_FAILS" ] && echo "no such module" >&2 && exit 1
while [ $# -gt 0 ]; do [ "$1" = -o ] && out=$2; shift; done
case $out in */) mkdir -p "$out"; : > "$out/one"; : > "$out/two" ;; *) mkdir -p "${out%/*}"; : > "$out" ;; esac
"""


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a Go in the way that writes down what it is asked."""
    stand_in("go", GO, tmp_path, monkeypatch)
    monkeypatch.setenv("GO_CALLS", str(tmp_path / "calls"))
    return tmp_path / "calls"


def test_versions_are_what_the_module_files_pin() -> None:
    found = {module.name: module.version for module in binaries.NODE if module is not binaries.PAUSE}
    assert found == {
        "helm": "v4.3.1",
        "etcd": "v3.7.3",
        "coredns": "v1.15.0",
        "kubernetes": "v1.37.2",
    }


def test_nothing_is_pinned_that_no_node_needs() -> None:
    assert {path.name for path in places.MODULES.iterdir()} == {module.name for module in binaries.NODE}


def test_kubernetes_is_told_its_version() -> None:
    assert "version.gitVersion=v1.37.2 -X k8s.io/component-base/version.gitMajor=1 " in binaries.KUBERNETES.flags
    assert binaries.HELM.flags == "-s -w"


def test_second_build_takes_the_first_ones_programs(tmp_path: Path, calls: Path) -> None:
    first = binaries.build(tmp_path / "cache", [binaries.HELM])
    assert first == {"helm": tmp_path / "cache" / "bin" / binaries.HELM.key / "helm"}
    assert binaries.build(tmp_path / "cache", [binaries.HELM]) == first
    assert len(calls.read_text().splitlines()) == 1


def test_module_of_several_commands_keeps_their_names(tmp_path: Path, calls: Path) -> None:
    found = binaries.build(tmp_path / "cache", [binaries.KUBERNETES])
    assert sorted(found) == ["one", "two"]
    assert calls.read_text().count("k8s.io/kubernetes/cmd/kube") == 6


def test_failed_build_says_why_and_leaves_nothing(tmp_path: Path, calls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GO_FAILS", "1")
    with pytest.raises(BuildFailed, match=r"helm v4\.3\.1 could not be built:\nno such module"):
        binaries.build(tmp_path / "cache", [binaries.HELM])
    assert list((tmp_path / "cache" / "bin").iterdir()) == []


def test_machine_without_go_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MachineLacks, match="there is no Go"):
        binaries.build(tmp_path / "cache", [binaries.HELM])


def test_cache_lies_where_the_environment_says() -> None:
    assert places.cache({"HOME": "/h"}) == Path("/h/.cache/textmill/cluster")
    assert places.cache({"HOME": "/h", "XDG_CACHE_HOME": "/x"}) == Path("/x/textmill/cluster")
    assert places.cache({"TEXTMILL_CLUSTER_CACHE": "/c"}) == Path("/c")
