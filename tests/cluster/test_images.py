"""The image that is made by hand is one that the node's container runtime takes for its own machine."""

from __future__ import annotations

import hashlib
import json
import platform
import tarfile
from pathlib import Path

import pytest

from cluster import images
from cluster.settings import PAUSE


def content(archive: Path, name: str) -> bytes:
    """Return a file of an archive."""
    with tarfile.open(archive) as tar:
        file = tar.extractfile(name)
        assert file is not None
        return file.read()


@pytest.mark.parametrize(
    ("machine", "name"), [("x86_64", "amd64"), ("aarch64", "arm64"), ("riscv64", "riscv64"), ("s390x", "s390x")]
)
def test_pause_image_is_for_the_machine_that_it_is_made_on(
    machine: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: machine)
    (tmp_path / "pause").write_bytes(b"a program")
    images.pause(tmp_path / "pause", tmp_path / "pause.tar")
    config = json.loads(content(tmp_path / "pause.tar", "config.json"))
    assert (config["os"], config["architecture"]) == ("linux", name)


def test_pause_image_holds_the_program_under_the_name_that_the_runtime_asks_for(tmp_path: Path) -> None:
    (tmp_path / "program").write_bytes(b"a program")
    images.pause(tmp_path / "program", tmp_path / "pause.tar")
    (manifest,) = json.loads(content(tmp_path / "pause.tar", "manifest.json"))
    assert manifest["RepoTags"] == [PAUSE]
    layer = content(tmp_path / "pause.tar", manifest["Layers"][0])
    config = json.loads(content(tmp_path / "pause.tar", manifest["Config"]))
    assert config["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(layer).hexdigest()}"]
    (tmp_path / "layer.tar").write_bytes(layer)
    assert config["config"]["Entrypoint"] == ["/pause"]
    assert content(tmp_path / "layer.tar", "pause") == b"a program"
