"""What the kubelet writes down about a pod's containers, so that one that was killed can still tell the truth.

Under the kubelet's root each pod has a folder by its uid, and in it a folder for each container: for each
attempt a record, a log and the termination message. A record without an end, found at a start, is a
container that died with the kubelet: nobody knows its exit code, and its status says so. Records are
renamed into place; a crash leaves the old one or the new one.
"""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from local.objects import Json

LOST = "ContainerStatusUnknown"
LOST_CODE = 137


class PodFolder:
    """The kubelet's own files for one pod."""

    def __init__(self, root: Path, uid: str) -> None:
        """Name the folder; it is made with the first record."""
        self.uid = uid
        self.path = root / "pods" / uid

    def log(self, container: str, attempt: int) -> Path:
        """Where an attempt's output goes."""
        return self.path / "containers" / container / f"{attempt}.log"

    def message(self, container: str, attempt: int) -> Path:
        """Where an attempt may leave its termination message."""
        return self.path / "containers" / container / f"{attempt}.message"

    def home(self) -> Path:
        """The pod's own temporary folder and home."""
        return self.path / "home"

    def note(self, container: str, attempt: int, record: Json) -> None:
        """Write an attempt's record."""
        path = self.path / "containers" / container / f"{attempt}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".draft")
        draft.write_text(json.dumps(record), encoding="utf-8")
        os.replace(draft, path)

    def last(self, container: str) -> tuple[int, Json] | None:
        """The newest attempt of a container and its record."""
        found = [int(path.stem) for path in (self.path / "containers" / container).glob("*.json")]
        if not found:
            return None
        attempt = max(found)
        return attempt, _read(self.path / "containers" / container / f"{attempt}.json")

    def unfinished(self) -> Iterator[Json]:
        """The records of attempts that have no end."""
        for path in self.path.glob("containers/*/*.json"):
            record = _read(path)
            if "terminated" not in record:
                yield record

    def remove(self) -> None:
        """Remove everything."""
        shutil.rmtree(self.path, ignore_errors=True)


def pod_folders(root: Path) -> list[PodFolder]:
    """The folders of all pods that an earlier kubelet has left."""
    try:
        return [PodFolder(root, entry.name) for entry in (root / "pods").iterdir() if entry.is_dir()]
    except FileNotFoundError:
        return []


def lost(record: Json, finished: str) -> Json:
    """How a container ended of which nobody knows: as the real kubelet reports one that it cannot find."""
    return {
        "exitCode": LOST_CODE,
        "reason": LOST,
        "message": "The container was running when the kubelet was killed, and died with it",
        "startedAt": record.get("startedAt") or finished,
        "finishedAt": finished,
    }


def _read(path: Path) -> Json:
    try:
        found: Json = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found
