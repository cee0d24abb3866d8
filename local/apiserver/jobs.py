"""What a Job becomes on admission: its defaults, the labels that tie its pods to it, and what may never change.

The controller that acts on Jobs is another program; it relies on the selector and labels that are made here.
"""

from .codec import Body
from .errors import Cause
from .pods import default_pod, pod_causes

PREFIX = "batch.kubernetes.io/"
NO_LIMIT = 2_147_483_647
PLACEMENT = ("nodeSelector", "tolerations", "schedulingGates")


def default_job(spec: Body) -> None:
    """Fill in a Job's spec."""
    indexed = spec.setdefault("completionMode", "NonIndexed") == "Indexed"
    if spec.get("completions") is None and spec.get("parallelism") is None:
        spec["completions"] = 1
    spec.setdefault("parallelism", 1)
    per_index = indexed and spec.get("backoffLimitPerIndex") is not None
    spec.setdefault("backoffLimit", NO_LIMIT if per_index else 6)
    spec.setdefault("suspend", False)
    spec.setdefault("manualSelector", False)
    by_policy = spec.get("podFailurePolicy") is not None
    spec.setdefault("podReplacementPolicy", "Failed" if by_policy else "TerminatingOrFailed")
    for rule in (spec.get("podFailurePolicy") or {}).get("rules") or ():
        for pattern in rule.get("onPodConditions") or ():
            pattern.setdefault("status", "True")
    template = spec.setdefault("template", {})
    default_pod(template.setdefault("spec", {}))


def label_template(body: Body) -> None:
    """Tie the future pods to this Job by its uid."""
    spec, meta = body["spec"], body["metadata"]
    if spec.get("manualSelector"):
        return
    labels = spec["template"].setdefault("metadata", {}).setdefault("labels", {})
    for prefix in (PREFIX, ""):
        labels[f"{prefix}controller-uid"] = meta["uid"]
        labels[f"{prefix}job-name"] = meta.get("name", "")
    spec["selector"] = {"matchLabels": {f"{PREFIX}controller-uid": meta["uid"]}}


def job_causes(body: Body) -> list[Cause]:
    """What is wrong with a new Job."""
    spec = body["spec"]
    template = spec["template"]["spec"]
    causes = pod_causes(template, "spec.template.spec")
    for member in ("parallelism", "completions", "backoffLimit", "activeDeadlineSeconds", "ttlSecondsAfterFinished"):
        value = spec.get(member)
        if isinstance(value, int) and value < 0:
            causes.append(Cause(f"spec.{member}", f"Invalid value: {value}: must be greater than or equal to 0"))
    if template["restartPolicy"] not in ("OnFailure", "Never"):
        text = f'Unsupported value: "{template["restartPolicy"]}": supported values: "OnFailure", "Never"'
        causes.append(Cause("spec.template.spec.restartPolicy", text, "FieldValueNotSupported"))
    if spec["completionMode"] == "Indexed" and spec.get("completions") is None:
        text = "Required value: when completion mode is Indexed"
        causes.append(Cause("spec.completions", text, "FieldValueRequired"))
    if spec.get("podFailurePolicy") and template["restartPolicy"] != "Never":
        text = 'Invalid value: "OnFailure": only "Never" is supported when podFailurePolicy is specified'
        causes.append(Cause("spec.template.spec.restartPolicy", text))
    if spec.get("backoffLimitPerIndex") is not None and spec["completionMode"] != "Indexed":
        text = f"Invalid value: {spec['backoffLimitPerIndex']}: requires indexed completion mode"
        causes.append(Cause("spec.backoffLimitPerIndex", text))
    return causes


def job_update_causes(body: Body, old: Body) -> list[Cause]:
    """What may not change in a Job."""
    spec, former = body["spec"], old["spec"]
    frozen = ["selector", "completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"]
    elastic = spec["completionMode"] == "Indexed" and spec.get("completions") == spec.get("parallelism")
    if not elastic:
        frozen.append("completions")
    never_started = bool(former.get("suspend")) and not (old.get("status") or {}).get("startTime")
    changed = [name for name in frozen if spec.get(name) != former.get(name)]
    if never_started:
        changed += ["template.spec"] if _fixed(spec["template"]) != _fixed(former["template"]) else []
    else:
        changed += ["template"] if spec["template"] != former["template"] else []
    return [Cause(f"spec.{name}", "Invalid value: field is immutable") for name in changed]


def _fixed(template: Body) -> Body:
    """What of a template may not change even before the Job has started: all but where its pods run, and on what."""
    spec = {key: value for key, value in template["spec"].items() if key not in PLACEMENT}
    affinity = {key: value for key, value in (spec.pop("affinity", None) or {}).items() if key != "nodeAffinity"}
    bare = [{key: value for key, value in one.items() if key != "resources"} for one in spec["containers"]]
    return spec | {"affinity": affinity, "containers": bare}
