"""What goes into the image, and how it is built: the Dockerfile, its ignore file and `make image`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from checks import tree
from scripts import image

DOCKERFILE = (tree.ROOT / "Dockerfile").read_text("utf-8")
ROOMS = {"app", "image", "local", "operator", "textmill", "worker"}


def test_only_what_runs_goes_in() -> None:
    lines = (tree.ROOT / ".dockerignore").read_text("utf-8").splitlines()
    taken = {line[1:] for line in lines if line.startswith("!")}
    assert lines[1] == "*"
    needed = {"requirements-laptop.txt", "requirements-image.txt", "engine", "scripts/bill.py", "compose"}
    assert taken == ROOMS | needed | {"LICENSE", "k8s/crd.yaml"}
    assert all((tree.ROOT / path).exists() for path in taken)


def test_last_stage_runs_as_a_numeric_user_and_installs_nothing() -> None:
    last = DOCKERFILE[DOCKERFILE.rindex("\nFROM ") :]
    assert re.findall(r"^USER (.*)$", last, re.MULTILINE) == ["10001:10001"]
    assert not re.search(r"apt-get|pip|gcc|cargo", last)
    assert last.rstrip().endswith('ENTRYPOINT ["python", "-m", "image"]\nCMD ["all"]')


def test_every_room_is_copied_and_nothing_that_only_a_stage_needs() -> None:
    program = re.findall(r"^COPY (\S+) /opt/textmill/", DOCKERFILE, re.MULTILINE)
    assert set(program) == ROOMS | {"LICENSE", "k8s"}
    assert len(re.findall(r"^COPY --from=", DOCKERFILE[DOCKERFILE.rindex("\nFROM ") :], re.MULTILINE)) == 4


def test_dependencies_come_before_the_program() -> None:
    assert DOCKERFILE.index("COPY requirements-laptop.txt") < DOCKERFILE.index("--require-hashes")
    assert DOCKERFILE.index("--require-hashes") < DOCKERFILE.index("COPY app ")


def test_image_without_the_engine_is_not_built() -> None:
    last = DOCKERFILE[DOCKERFILE.rindex("\nFROM ") :]
    assert last.index("\nCOPY --from=engine") < last.index("\nRUN python -m image engine\n")


def test_base_image_is_the_one_that_a_stand_in_is_made_for() -> None:
    assert re.findall(r"^ARG BASE=(.*)$", DOCKERFILE, re.MULTILINE) == [image.BASE]


def test_buildah_and_docker_get_the_same_file_and_arguments() -> None:
    docker = image.build_command("docker", "t:1", "1", "abc")
    buildah = image.build_command("/usr/bin/buildah", "t:1", "1", "abc")
    shared = ["build", "--file", "Dockerfile", "--tag", "t:1"]
    shared += ["--build-arg", "VERSION=1", "--build-arg", "REVISION=abc"]
    assert docker[1 : len(shared) + 1] == buildah[1 : len(shared) + 1] == shared
    assert (docker[-1], buildah[-1]) == (".", ".")
    assert "--isolation" in buildah
    assert "--isolation" not in docker


def test_without_a_builder_the_message_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("BUILDER", raising=False)
    with pytest.raises(image.NoImage, match="make image needs docker or buildah"):
        image.tool()


def test_docker_without_a_server_gives_way_to_buildah(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, code in (("docker", 1), ("buildah", 0)):
        (tmp_path / name).write_text(f"#!/bin/sh\nexit {code}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.delenv("BUILDER", raising=False)
    assert image.tool() == "buildah"
    monkeypatch.setenv("BUILDER", "podman")
    assert image.tool() == "podman"
