"""`python -m scripts.image`: builds the container image with docker or buildah, whichever is there.

The base image comes from a registry. Where none can be reached, buildah gets a stand-in under the same name, made by
debootstrap from the Debian release that the real one is made of; the Dockerfile is then built as it is. A certificate
authority that only this machine knows is handed to the build as a secret and stays out of the image.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from checks.tree import ROOT, settings

REPOSITORY = "localhost/textmill"
"""The image's name where none is given, in the chart and k8s/ too. It has a host, so that all tools read it alike."""
BASE = "docker.io/library/python:3.13-slim"
RELEASE = "trixie"
PACKAGES = "python3,python3-venv,python3-pip,ca-certificates"
AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
ARCHIVES = "var/cache/apt/archives/*.deb", "var/lib/apt/lists/*_*"


class NoImage(Exception):
    """The image cannot be built; the message says what to do."""


def tool() -> str:
    """Return the program that builds images here."""
    asked = os.environ.get("BUILDER")
    if asked:
        return asked
    # docker's client is often there without a server, or without what builds.
    if shutil.which("docker") and all(quiet(["docker", *rest]) for rest in (["info"], ["buildx", "version"])):
        return "docker"
    if shutil.which("buildah"):
        return "buildah"
    raise NoImage("make image needs docker or buildah (Debian, Ubuntu: apt-get install buildah debootstrap runc)")


def quiet(command: Sequence[str]) -> bool:
    """Tell whether a command succeeds; what it says is of no interest."""
    return subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True).returncode == 0


def build_command(builder: str, tag: str, version: str, revision: str, file: str = "Dockerfile") -> list[str]:
    """Return the command that builds an image, run in the tree."""
    command = [builder, "build", "--file", file, "--tag", tag]
    command += ["--build-arg", f"VERSION={version}", "--build-arg", f"REVISION={revision}"]
    if AUTHORITIES.exists():
        command += ["--secret", f"id=ca,src={AUTHORITIES}"]
    if Path(builder).name == "buildah":
        # Layers make the lock's layer last until the lock changes; chroot and the host's network need no more rights.
        command += ["--layers", "--format", "docker", "--isolation", "chroot", "--network", "host"]
    return [*command, "."]


def run(command: Sequence[str], **more: str) -> None:
    """Run a command in the tree; NoImage where it fails."""
    environ = {**os.environ, "BUILDAH_RUNTIME": "runc", "DOCKER_BUILDKIT": "1", **more}
    done = subprocess.run(command, cwd=ROOT, env=environ, check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise NoImage(f"{' '.join(command[:3])} ... ended with {done.returncode}")


def has_base(builder: str) -> bool:
    """Tell whether the base image is here, or can be fetched."""
    return quiet([builder, "inspect", "--type", "image", BASE]) or quiet([builder, "pull", "--quiet", BASE])


def stand_in(builder: str) -> None:
    """Give buildah a base image of the real one's name, out of Debian's packages."""
    if not shutil.which("debootstrap") or os.geteuid() != 0:
        raise NoImage(f"{BASE} cannot be fetched, and to make a stand-in needs root and debootstrap")
    print(f"{BASE} cannot be fetched; making a stand-in of Debian {RELEASE}", flush=True)
    with tempfile.TemporaryDirectory(prefix="textmill-base-") as folder:
        tree = Path(folder, "root")
        run(["debootstrap", "--variant=minbase", f"--include={PACKAGES}", RELEASE, str(tree)])
        for one in (path for pattern in ARCHIVES for path in tree.glob(pattern)):
            one.unlink()
        run(["tar", "--create", "--file", f"{folder}/base.tar", "--directory", str(tree), "."])
        Path(folder, "Dockerfile").write_text('FROM scratch\nADD base.tar /\nCMD ["python3"]\n', "utf-8")
        run([builder, "build", "--format", "docker", "--tag", BASE, folder])


def main(arguments: Sequence[str]) -> int:
    """Build the image and say its name, its size and the time taken."""
    version = settings()["project"]["version"]
    parser = argparse.ArgumentParser(prog="python -m scripts.image", description="Build the container image.")
    parser.add_argument("--tag", default=f"{REPOSITORY}:{version}", help="name of the image")
    parser.add_argument("--file", default="Dockerfile", help="what it is built by (default: Dockerfile)")
    parser.add_argument("--archive", type=Path, help="write it as a docker archive, too")
    asked = parser.parse_args(arguments)
    started = time.monotonic()
    git = ["git", "rev-parse", "--short=12", "HEAD"]
    revision = subprocess.run(git, cwd=ROOT, check=False, capture_output=True, text=True).stdout.strip() or "unknown"
    try:
        builder = tool()
        if Path(builder).name == "buildah" and not has_base(builder):
            stand_in(builder)
        run(build_command(builder, asked.tag, version, revision, asked.file))
        if asked.archive:
            save(builder, asked.tag, asked.archive)
    except NoImage as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{asked.tag}, {size(builder, asked.tag)}, in {time.monotonic() - started:.0f} s")
    return 0


def size(builder: str, tag: str) -> str:
    """Return an image's size as its builder puts it."""
    command = [builder, "images", "--format", "{{.Size}}", tag]
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout.partition("\n")[0]


def save(builder: str, tag: str, archive: Path) -> None:
    """Write the image as a docker archive, which containerd, podman and docker load."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    archive.unlink(missing_ok=True)
    if Path(builder).name == "buildah":
        run([builder, "push", "--quiet", tag, f"docker-archive:{archive}:{tag}"])
    else:
        run([builder, "save", "--output", str(archive), tag])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
