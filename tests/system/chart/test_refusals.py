"""What helm refuses to install, and in which words: wrong keys by the schema, what cannot work by the chart itself."""

from __future__ import annotations

import pytest

from tests.system.chart.rendering import Json, Refused, render


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"replicas": 2}, "additional properties 'replicas' not allowed"),
        ({"api": {"replica": 2}}, "additional properties 'replica' not allowed"),
        ({"api": {"replicas": "2"}}, "got string, want integer"),
        ({"api": {"auth": {"enabled": "yes"}}}, "got string, want boolean"),
        ({"persistence": {"accessMode": "ReadWriteOncePod"}}, "value must be one of 'ReadWriteOnce', 'ReadWriteMany'"),
        ({"operator": {"batchMembers": 201}}, "maximum: got 201, want 200"),
        (
            {"api": {"replicas": 2}},
            "api.replicas is 2, but a ReadWriteOnce claim is mounted on one node only: set persistence.accessMode",
        ),
        (
            {"api": {"autoscaling": {"enabled": True}}},
            "api.autoscaling is enabled, but a ReadWriteOnce claim is mounted on one node only",
        ),
        (
            {"api": {"autoscaling": {"minReplicas": 7}}},
            "api.autoscaling.minReplicas is greater than api.autoscaling.maxReplicas.",
        ),
        ({"ingress": {"enabled": True}}, "ingress.enabled needs at least one name in ingress.hosts"),
        ({"httpRoute": {"enabled": True}}, "httpRoute.enabled needs httpRoute.parentRefs (the Gateway)"),
        (
            {"httpRoute": {"enabled": True, "parentRefs": [{"name": "gate"}]}},
            "httpRoute.enabled needs httpRoute.parentRefs (the Gateway) and httpRoute.hostnames.",
        ),
    ],
)
def test_what_cannot_work_is_refused_with_a_sentence(values: Json, sentence: str) -> None:
    with pytest.raises(Refused) as refused:
        render(values)
    assert sentence in str(refused.value)
