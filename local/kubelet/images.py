"""Images, which are folders here.

A container of an image runs with that folder as its working directory. Names are compared as registries
write them out in full, so that `textmill` and `docker.io/library/textmill:latest` are one image. Pure.
"""

from collections.abc import Mapping
from pathlib import Path

from local.kubelet.errors import ImageUnknown


def find_image(images: Mapping[str, Path], name: str) -> Path:
    """The folder of an image; its name may be written short or in full."""
    for known, folder in images.items():
        if _full(known) == _full(name):
            return folder
    known_names = ", ".join(sorted(images)) or "none"
    raise ImageUnknown(f"{name}: not found; the images of this machine are: {known_names}")


def _full(name: str) -> str:
    first, _, rest = name.partition("/")
    if not rest:
        name = f"docker.io/library/{name}"
    elif "." not in first and ":" not in first and first != "localhost":
        name = f"docker.io/{name}"
    tagged = ":" in name.rpartition("/")[2] or "@" in name
    return name if tagged else f"{name}:latest"
