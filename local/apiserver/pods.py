"""What a pod's spec becomes on admission: Kubernetes' defaults, and the few checks that controllers rely on.

A pod template (of a Job) goes through the same two functions, so that a Job's template compares equal to the pods
that are made of it. After creation a pod's spec hardly changes: the exceptions are listed here.
"""

from typing import Any

from .codec import Body
from .errors import Cause

GRACE = 30
POLICIES = ("Always", "OnFailure", "Never")
PROTOCOL = "TCP"
MUTABLE = ("activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds")
FILE_MODE = 0o644


def default_pod(spec: Body) -> None:
    """Fill in a pod's spec."""
    spec.setdefault("restartPolicy", "Always")
    spec.setdefault("terminationGracePeriodSeconds", GRACE)
    spec.setdefault("dnsPolicy", "ClusterFirst")
    spec.setdefault("schedulerName", "default-scheduler")
    spec.setdefault("securityContext", {})
    if spec.get("serviceAccountName"):
        spec.setdefault("serviceAccount", spec["serviceAccountName"])
    for member in ("initContainers", "containers"):
        for container in spec.get(member) or ():
            _default_container(container)
    for volume in spec.get("volumes") or ():
        _default_volume(volume)


def _default_container(container: Body) -> None:
    container.setdefault("terminationMessagePath", "/dev/termination-log")
    container.setdefault("terminationMessagePolicy", "File")
    image = container.get("image", "")
    tag = image.rpartition("/")[2].partition("@")[0].partition(":")[2]
    latest = "@" not in image and tag in ("", "latest")
    container.setdefault("imagePullPolicy", "Always" if latest else "IfNotPresent")
    container.setdefault("resources", {})
    resources = container["resources"]
    for name, amount in (resources.get("limits") or {}).items():
        resources.setdefault("requests", {}).setdefault(name, amount)
    for port in container.get("ports") or ():
        port.setdefault("protocol", PROTOCOL)
    for variable in container.get("env") or ():
        reference = (variable.get("valueFrom") or {}).get("fieldRef")
        if reference:
            reference.setdefault("apiVersion", "v1")


def _default_volume(volume: Body) -> None:
    sources = [name for name in volume if name != "name"]
    if not sources:
        volume["emptyDir"] = {}
    for name in ("configMap", "secret", "projected", "downwardAPI"):
        if isinstance(volume.get(name), dict):
            volume[name].setdefault("defaultMode", FILE_MODE)
    if isinstance(volume.get("hostPath"), dict):
        volume["hostPath"].setdefault("type", "")
    for source in (volume.get("projected") or {}).get("sources") or ():
        for item in (source.get("downwardAPI") or {}).get("items") or ():
            if item.get("fieldRef"):
                item["fieldRef"].setdefault("apiVersion", "v1")


def reset_pod(body: Body) -> None:
    """A new pod has no history."""
    body["status"] = {"phase": "Pending", "qosClass": quality(body["spec"])}


def quality(spec: Body) -> str:
    """The pod's quality-of-service class."""
    containers = [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]
    amounts = [container.get("resources") or {} for container in containers]
    if not any(found.get("limits") or found.get("requests") for found in amounts):
        return "BestEffort"
    exact = all(
        {"cpu", "memory"} <= (found.get("limits") or {}).keys() and found.get("requests") == found.get("limits")
        for found in amounts
    )
    return "Guaranteed" if exact else "Burstable"


def pod_causes(spec: Body, path: str) -> list[Cause]:
    """What is wrong with a new pod's spec."""
    causes: list[Cause] = []
    containers = spec.get("containers") or []
    if not containers:
        causes.append(Cause(f"{path}.containers", "Required value", "FieldValueRequired"))
    if spec["restartPolicy"] not in POLICIES:
        text = f'Unsupported value: "{spec["restartPolicy"]}": supported values: "Always", "Never", "OnFailure"'
        causes.append(Cause(f"{path}.restartPolicy", text, "FieldValueNotSupported"))
    volumes = [volume.get("name", "") for volume in spec.get("volumes") or ()]
    for member in ("initContainers", "containers"):
        for i, container in enumerate(spec.get(member) or ()):
            causes += _container_causes(container, f"{path}.{member}[{i}]", volumes)
    names = [container.get("name") for container in containers]
    for i, name in enumerate(names):
        if name in names[:i]:
            causes.append(Cause(f"{path}.containers[{i}].name", f'Duplicate value: "{name}"', "FieldValueDuplicate"))
    return causes


def _container_causes(container: Body, path: str, volumes: list[str]) -> list[Cause]:
    causes = [
        Cause(f"{path}.{member}", "Required value", "FieldValueRequired")
        for member in ("name", "image")
        if not container.get(member)
    ]
    for i, mount in enumerate(container.get("volumeMounts") or ()):
        if mount.get("name") not in volumes:
            text = f'Not found: "{mount.get("name")}"'
            causes.append(Cause(f"{path}.volumeMounts[{i}].name", text, "FieldValueNotFound"))
    return causes


def pod_update_causes(body: Body, old: Body) -> list[Cause]:
    """What may not change in a pod."""
    if _frozen(body["spec"]) == _frozen(old["spec"]):
        return []
    text = (
        "Forbidden: pod updates may not change fields other than `spec.containers[*].image`, "
        "`spec.initContainers[*].image`, `spec.activeDeadlineSeconds`, `spec.terminationGracePeriodSeconds` (allow it "
        "to be set to 1 if it was previously negative) or `spec.tolerations` (only additions to existing tolerations)"
    )
    return [Cause("spec", text, "FieldValueForbidden")]


def _frozen(spec: Body) -> dict[str, Any]:
    kept: dict[str, Any] = {key: value for key, value in spec.items() if key not in MUTABLE}
    for member in ("initContainers", "containers"):
        if member in kept:
            kept[member] = [container | {"image": ""} for container in kept[member]]
    return kept
