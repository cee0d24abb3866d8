"""The pod failure policy: what a failed pod means for its Job.

Rules are tried in their order and the first that matches decides; a failure that no rule matches counts.
Only a pod that has failed for good is judged. The sentences are the real controller's, since people and
programs search for them. Pure.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from local import objects
from local.objects import Json

FAIL_JOB, FAIL_INDEX, IGNORE, COUNT = "FailJob", "FailIndex", "Ignore", "Count"


class Verdict(NamedTuple):
    """What to do about a failed pod, and the sentence that says why."""

    action: str
    message: str


def judge(rules: Iterable[Mapping[str, Any]], pod: Json) -> Verdict:
    """Find the first rule that matches a failed pod."""
    for position, rule in enumerate(rules):
        action = str(rule.get("action"))
        where = f"matching {action} rule at index {position}"
        if rule.get("onExitCodes"):
            container = _failed_container(rule["onExitCodes"], pod)
            if container is not None:
                code = container["state"]["terminated"]["exitCode"]
                place = "/".join(objects.key(pod))
                message = f"Container {container['name']} for pod {place} failed with exit code {code} {where}"
                return Verdict(action, message)
        else:
            kind = _held_condition(rule.get("onPodConditions") or [], pod)
            if kind is not None:
                return Verdict(action, f"Pod {'/'.join(objects.key(pod))} has condition {kind} {where}")
    return Verdict(COUNT, "")


def _failed_container(requirement: Mapping[str, Any], pod: Json) -> Json | None:
    status = objects.status(pod)
    wanted, values = requirement.get("containerName"), requirement.get("values") or []
    for container in [*(status.get("containerStatuses") or []), *(status.get("initContainerStatuses") or [])]:
        ended = (container.get("state") or {}).get("terminated")
        if not ended or not ended.get("exitCode") or (wanted and container.get("name") != wanted):
            continue
        if (ended["exitCode"] in values) == (requirement.get("operator") == "In"):
            found: Json = container
            return found
    return None


def _held_condition(patterns: Iterable[Mapping[str, Any]], pod: Json) -> str | None:
    for pattern in patterns:
        found = objects.condition(pod, str(pattern.get("type")))
        if found is not None and found.get("status") == (pattern.get("status") or "True"):
            return str(found["type"])
    return None
