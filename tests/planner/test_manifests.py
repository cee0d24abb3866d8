"""What the chart, the cluster and the volume rely on in a worker pod."""

from __future__ import annotations

from typing import Any

import pytest

from textmill.actions import JobPlan
from textmill.manifests import Site, job
from textmill.names import Stage
from textmill.picture import Member

SITE = Site(image="textmill:1", claim="data", volume_root="/volume", scratch_root="/scratch")


def pod(stage: Stage, site: Site = SITE) -> dict[str, Any]:
    plan = JobPlan("name", "ns", stage, (Member("u", "one"),), (), timeout=60)
    return dict(job(plan, site)["spec"]["template"])


@pytest.mark.parametrize("stage", ["tokenize", "count"])
def test_pod_says_that_it_mounts_the_volume(stage: Stage) -> None:
    """By this label a ReadWriteOnce claim's pods find each other."""
    assert pod(stage)["metadata"]["labels"] == {
        "app.kubernetes.io/managed-by": "textmill",
        "textmill.dev/stage": stage,
        "textmill.dev/volume": "mounted",
    }


@pytest.mark.parametrize("stage", ["tokenize", "count"])
def test_pod_has_one_container_whose_last_words_are_not_cut_for_those_of_others(stage: Stage) -> None:
    spec = pod(stage)["spec"]
    assert len(spec["containers"]) == 1
    assert "initContainers" not in spec


def test_label_of_the_volume_is_the_pods_alone() -> None:
    plan = JobPlan("name", "ns", "count", (Member("u", "one"),), (), timeout=60)
    assert job(plan, SITE)["metadata"]["labels"] == {
        "app.kubernetes.io/managed-by": "textmill",
        "textmill.dev/stage": "count",
    }
