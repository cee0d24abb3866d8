"""One release for several namespaces: each works on its own claim, and one without a claim says so."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e import release
from tests.e2e.kube import kubectl, run
from tests.e2e.release import Release, reason

HOME, SECOND, BARE = NAMES = ("wide", "wide-second", "wide-bare")


@pytest.fixture(scope="module")
def wide(mill: Release) -> Iterator[Release]:
    """A second release beside the first, whose definition it shares."""
    for name in NAMES:
        release.namespace(name, storage_class=HOME)
    served = f"--set=namespaces={{{SECOND},{BARE}}}"
    yield release.install(HOME, served, "--set=crd.install=false", "--set=operator.replicas=1")
    run("helm", "uninstall", "textmill", f"--namespace={HOME}", "--wait", "--timeout=5m")
    for name in NAMES:
        release.clear(name)


def test_each_namespace_has_its_work_done_on_its_own_claim(wide: Release) -> None:
    for name in (HOME, SECOND):
        there = Release(name)
        there.create("here", {"inline": f"counted in {name}"})
        status = there.ended("here")
        assert (status["phase"], status["result"]["tokens"]) == ("Succeeded", 3 if name == HOME else 4)
    used = [
        kubectl("get", "pvc", "textmill-data", f"--namespace={name}", "-ojsonpath={.spec.volumeName}") for name in NAMES
    ]
    assert len(set(used)) == len(NAMES)


def test_same_text_in_another_namespace_is_counted_anew(wide: Release) -> None:
    for name in (HOME, SECOND):
        Release(name).create("same", {"inline": "the same text"})
        assert reason(Release(name).ended("same")) == "Counted"


def test_namespace_without_a_claim_says_volume_missing(wide: Release) -> None:
    kubectl("delete", "pvc", "textmill-data", f"--namespace={BARE}", "--timeout=60s")
    Release(BARE).create("homeless", {"inline": "nowhere to lie"}, timeoutSeconds=30)
    status = Release(BARE).ended("homeless")
    assert (status["phase"], reason(status)) == ("Failed", "VolumeMissing")
