"""What must lie at a pod's mount paths before its processes start.

Without mount namespaces a mount can only be what the host has at that path already:
- a claim's mount path must equal the path of its PersistentVolume with the subPath; folders of a subPath
  are created;
- content that belongs to the pod (config maps, secrets, the downward API, empty folders) is written at
  its mount path, which must lie beneath the scratch root, so that no pod can write over what is not for
  pods. A plan is worked out first, purely; `local.kubelet.mounting` carries it out, and takes it back at
  the pod's end.
"""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from local import objects
from local.kubelet import environment
from local.kubelet.environment import Config
from local.kubelet.errors import MountFailed, PodRefused
from local.objects import Json

Volumes = Mapping[str, Json]


@dataclass(frozen=True)
class Claimed:
    """A folder of a PersistentVolume: `root` must be there, the rest beneath it is made."""

    root: str
    sub: str = ""


@dataclass(frozen=True)
class Written:
    """Something of the pod's own at `path`: a folder with these files, or one file where the mount has a subPath."""

    path: str
    files: Mapping[str, tuple[bytes, int]] = field(default_factory=dict)
    single: bool = False
    empty_dir: str = ""


Step = Claimed | Written


def plan(pod: Json, claims: Volumes, persistent: Volumes, config: Config, scratch: str) -> list[Step]:
    """All that must be in place, in the order of the containers' mounts; the same path is named once."""
    named = {str(volume.get("name")): volume for volume in objects.spec(pod).get("volumes") or []}
    steps: dict[str, Step] = {}
    for container in [*(objects.spec(pod).get("initContainers") or []), *(objects.spec(pod).get("containers") or [])]:
        for mount in container.get("volumeMounts") or []:
            name, path = str(mount.get("name")), posixpath.normpath(str(mount.get("mountPath")))
            if name not in named:
                raise PodRefused(f"container {container.get('name')!r} mounts {name!r}, which is no volume of the pod")
            volume, sub = named[name], _sub_path(mount, container, pod)
            if volume.get("persistentVolumeClaim"):
                claim = str(volume["persistentVolumeClaim"].get("claimName"))
                step: Step = _claimed(claim, claims, persistent, path, sub)
            else:
                step = _written(volume, pod, config, path, sub)
                _check_beneath(path, scratch, name)
            if steps.setdefault(path, step) != step:
                raise PodRefused(f"two volumes are mounted at {path}, and there is one {path} on this host")
    return list(steps.values())


def _sub_path(mount: Mapping[str, Any], container: Json, pod: Json) -> str:
    sub = str(mount.get("subPath") or "")
    if mount.get("subPathExpr"):
        variables = {
            str(one.get("name")): environment.field(str(one["valueFrom"]["fieldRef"]["fieldPath"]), pod)
            if (one.get("valueFrom") or {}).get("fieldRef")
            else str(one.get("value") or "")
            for one in container.get("env") or []
        }
        sub = environment.expand(str(mount["subPathExpr"]), variables)
    if sub and (sub.startswith("/") or ".." in PurePosixPath(sub).parts):
        raise PodRefused(f"subPath {sub!r} must be relative and stay beneath its volume")
    return sub


def _claimed(name: str, claims: Volumes, persistent: Volumes, path: str, sub: str) -> Claimed:
    claim = claims.get(name)
    if claim is None:
        raise MountFailed(f'persistentvolumeclaim "{name}" not found')
    volume = persistent.get(str(objects.spec(claim).get("volumeName") or ""))
    if volume is None:
        raise MountFailed(f'persistentvolumeclaim "{name}" is not bound')
    spec = objects.spec(volume)
    source = spec.get("local") or spec.get("hostPath") or {}
    if not source.get("path"):
        raise PodRefused(f"persistentvolume {objects.name(volume)!r} is neither local nor hostPath")
    root = posixpath.normpath(str(source["path"]))
    wanted = posixpath.normpath(posixpath.join(root, sub)) if sub else root
    if path != wanted:
        raise PodRefused(
            f"claim {name!r} can be mounted at {wanted} only, not at {path}: pods have no mount namespace here"
        )
    return Claimed(root, sub)


def _check_beneath(path: str, scratch: str, name: str) -> None:
    if not PurePosixPath(path).is_relative_to(scratch) or path == scratch:
        raise PodRefused(f"volume {name!r} is mounted at {path}: such volumes must lie beneath {scratch} here")


def _written(volume: Mapping[str, Any], pod: Json, config: Config, path: str, sub: str) -> Written:
    if volume.get("emptyDir") is not None:
        return Written(path, empty_dir=f"{volume.get('name')}/{sub}")
    files = dict(_files(volume, pod, config))
    if not sub:
        return Written(path, files)
    if sub not in files:
        raise PodRefused(f"volume {volume.get('name')!r} has no file {sub!r} for its subPath")
    return Written(path, {"": files[sub]}, single=True)


def _files(volume: Mapping[str, Any], pod: Json, config: Config) -> Iterator[tuple[str, tuple[bytes, int]]]:
    """The files of a volume, by their path beneath it."""
    if volume.get("projected"):
        projected = volume["projected"]
        for source in projected.get("sources") or []:
            yield from _source_files(source, pod, config, int(projected.get("defaultMode") or 0o644))
        return
    default = 0o644
    for kind in ("configMap", "secret", "downwardAPI"):
        default = int((volume.get(kind) or {}).get("defaultMode") or default)
    yield from _source_files(volume, pod, config, default)


def _source_files(
    source: Mapping[str, Any], pod: Json, config: Config, default: int
) -> Iterator[tuple[str, tuple[bytes, int]]]:
    if source.get("downwardAPI"):
        for item in source["downwardAPI"].get("items") or []:
            if not item.get("fieldRef"):
                raise PodRefused("downwardAPI files are made of a fieldRef only here")
            content = environment.field(str(item["fieldRef"].get("fieldPath")), pod).encode()
            yield _safe(str(item.get("path"))), (content, int(item.get("mode") or default))
    for kind, name in (("ConfigMap", "configMap"), ("Secret", "secret")):
        if source.get(name):
            yield from _config_files(kind, source[name], config, default)


def _config_files(
    kind: str, source: Mapping[str, Any], config: Config, default: int
) -> Iterator[tuple[str, tuple[bytes, int]]]:
    name = str(source.get("secretName") or source.get("name"))
    obj = config(kind, name)
    if obj is None:
        if source.get("optional"):
            return
        raise MountFailed(f'{kind.lower()} "{name}" not found')
    content = environment.bytes_of({**obj, "kind": kind})
    items = source.get("items")
    if items is None:
        for key, data in sorted(content.items()):
            yield _safe(key), (data, default)
        return
    for item in items:
        key = str(item.get("key"))
        if key in content:
            yield _safe(str(item.get("path"))), (content[key], int(item.get("mode") or default))
        elif not source.get("optional"):
            raise MountFailed(f'{kind.lower()} "{name}" references non-existent config key: {key}')


def _safe(path: str) -> str:
    if not path or path.startswith("/") or ".." in PurePosixPath(path).parts:
        raise PodRefused(f"file path {path!r} must be relative and stay beneath its volume")
    return posixpath.normpath(path)
