"""What `make bench-image` prints is what the README says of the image: unpacked, to pull, and until it answers."""

from __future__ import annotations

import gzip
import io
import random
import re
import tarfile
from pathlib import Path

import pytest

from checks import tree
from scripts import image_start
from tests.stand_ins import stand_in

PODMAN = """#!/bin/sh
case $1 in
images) echo "512 MB" ;;
save) cat "$ARCHIVE" >"$3" ;;
esac
"""
LAYERS = (bytes(3_000_000), random.Random(1).randbytes(2_000_000))


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a podman in the way whose only image is this archive, and which starts at once."""
    stand_in("podman", PODMAN, tmp_path, monkeypatch)
    monkeypatch.setenv("ARCHIVE", str(tmp_path / "image.tar"))
    times = iter([3.0, 1.5, 2.0])
    monkeypatch.setattr(image_start, "started", lambda *_: next(times))
    with tarfile.open(tmp_path / "image.tar", "w") as tar:
        for index, layer in enumerate(LAYERS):
            entry = tarfile.TarInfo(f"{index}.tar")
            entry.size = len(layer)
            tar.addfile(entry, io.BytesIO(layer))
        link = tarfile.TarInfo("old/layer.tar")
        link.type, link.linkname = tarfile.SYMTYPE, "../0.tar"
        tar.addfile(link)
    return tmp_path / "image.tar"


def test_sizes_and_times_are_printed(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert archive.exists()
    assert image_start.main(["--tag", "t:1", "--runs", "3"]) == 0
    sizes, times = capsys.readouterr().out.splitlines()
    assert sizes == "t:1: 512 MB unpacked, 2 MB to pull"
    assert times.startswith("answers 2.0 s after its start (1.5 to 3.0 in 3 runs, load ")


def test_a_pull_takes_each_layer_compressed_and_once(archive: Path) -> None:
    wanted = sum(len(gzip.compress(layer, 6)) for layer in LAYERS)
    assert image_start.to_pull(archive) == pytest.approx(wanted, rel=0.001)


def test_image_that_is_not_there_fails_with_a_sentence(archive: Path, capfd: pytest.CaptureFixture[str]) -> None:
    archive.unlink()
    assert image_start.main(["--tag", "t:1"]) == 1
    said = capfd.readouterr()
    assert said.out == ""
    assert "podman save --output ... ended with 1" in said.err


def test_readme_says_what_is_printed(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert archive.exists()
    image_start.main(["--tag", "t:1", "--runs", "1"])
    printed = capsys.readouterr().out
    said = re.search(r"The image has .*?\.\n", (tree.ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    assert said
    for unit in ("MB unpacked", "MB to pull", "after its start"):
        assert unit in printed
        assert unit in said[0].replace("\n", " ")
