"""What a pod may not ask for here.

The rule: a field that changes what the pod does, and that subprocesses cannot give it, is refused by
name. Fields that only restrict (securityContext but for privileges, readOnly mounts, CPU limits, DNS,
host names) or only place a pod are let through; WITHOUT_EFFECT names them, for the node's annotation.
Pure.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from local import objects
from local.kubelet.errors import PodRefused
from local.objects import Json

WITHOUT_EFFECT = (
    "securityContext (user, group, fsGroup, capabilities dropped, seccomp, read-only root)",
    "readOnly mounts",
    "limits of cpu and ephemeral-storage, emptyDir.sizeLimit and medium",
    "dnsPolicy, dnsConfig, hostname and subdomain but for the variable HOSTNAME",
    "containerPort, hostPort",
)

VOLUME_KINDS = ("persistentVolumeClaim", "configMap", "secret", "downwardAPI", "projected", "emptyDir")
PROJECTED_KINDS = ("configMap", "secret", "downwardAPI")

_POD_TRUE = ("hostNetwork", "hostPID", "hostIPC", "setHostnameAsFQDN")
_POD_SET = ("hostAliases", "runtimeClassName", "resourceClaims", "ephemeralContainers", "readinessGates", "overhead")
_CONTAINER_SET = ("livenessProbe", "readinessProbe", "startupProbe", "lifecycle", "volumeDevices", "stdin", "tty")


def find(pod: Json) -> str | None:
    """The first thing that cannot be honoured, as a sentence."""
    return next(_all(pod), None)


def check(pod: Json) -> None:
    """Raise PodRefused where something cannot be honoured."""
    refused = find(pod)
    if refused is not None:
        raise PodRefused(refused)


def _all(pod: Json) -> Iterator[str]:
    spec = objects.spec(pod)
    yield from (f"spec.{name} is not supported" for name in _POD_TRUE if spec.get(name))
    yield from (f"spec.{name} is not supported" for name in _POD_SET if spec.get(name))
    if spec.get("hostUsers") is False:
        yield "spec.hostUsers false is not supported: there are no user namespaces here"
    if (spec.get("os") or {}).get("name") not in (None, "linux"):
        yield f"spec.os.name {spec['os']['name']!r} is not supported"
    for volume in spec.get("volumes") or []:
        yield from _volume(volume)
    for container in spec.get("initContainers") or []:
        if container.get("restartPolicy"):
            yield f"initContainers[{container.get('name')}].restartPolicy is not supported"
        yield from _container(container)
    for container in spec.get("containers") or []:
        yield from _container(container)


def _volume(volume: Mapping[str, Any]) -> Iterator[str]:
    kinds = [kind for kind in volume if kind != "name"]
    for kind in kinds:
        if kind not in VOLUME_KINDS:
            yield f"volume {volume.get('name')!r}: {kind} is not supported, only {', '.join(VOLUME_KINDS)}"
    for source in (volume.get("projected") or {}).get("sources") or []:
        for kind in source:
            if kind not in PROJECTED_KINDS:
                yield f"volume {volume.get('name')!r}: projected {kind} is not supported"


def _container(container: Mapping[str, Any]) -> Iterator[str]:
    name = container.get("name")
    for field in _CONTAINER_SET:
        if container.get(field):
            yield f"container {name!r}: {field} is not supported"
    if not container.get("command"):
        yield f"container {name!r} has no command: images are folders here, and have no entry point"
    security = container.get("securityContext") or {}
    if security.get("privileged"):
        yield f"container {name!r}: securityContext.privileged is not supported"
    if (security.get("capabilities") or {}).get("add"):
        yield f"container {name!r}: capabilities cannot be added"
    for mount in container.get("volumeMounts") or []:
        if mount.get("mountPropagation") not in (None, "None"):
            yield f"container {name!r}: mountPropagation {mount['mountPropagation']!r} is not supported"
