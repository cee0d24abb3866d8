"""The wheel as people get it: built, installed into an empty environment, used against a stack and by kubectl."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from checks.tree import ROOT, listed, settings
from tests.bench.stack import Stack, stack
from tests.cli.terminal import PATIENCE, Done, environment

PIP = ("--quiet", "--disable-pip-version-check", "--no-input")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy of the tree, so that nothing is left in the tree."""
    folder = tmp_path_factory.mktemp("wheel")
    for path in listed():
        if path.startswith(("cli/", "textmill/")) or path in ("pyproject.toml", "README.md", "LICENSE"):
            (folder / "tree" / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, folder / "tree" / path)
    command = [sys.executable, "-m", "pip", "wheel", *PIP, "--no-deps", "-w", str(folder), str(folder / "tree")]
    subprocess.run(command, check=True, capture_output=True)
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Path:
    """Install the wheel into an environment of its own, on the versions of the lock; return its commands."""
    home = wheel.parent / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
    _install(home / "bin", str(wheel))
    return home / "bin"


@pytest.fixture(scope="module")
def running() -> Iterator[Stack]:
    with stack() as one:
        yield one


def _install(commands: Path, what: str) -> None:
    pins = re.findall(r"^[\w.-]+==\S+", (ROOT / "requirements.txt").read_text("utf-8"), re.MULTILINE)
    (commands.parent / "pins.txt").write_text("\n".join(pins))
    uv = [str(Path(sys.executable).with_name("uv")), "pip", "install", "--quiet", "--python", str(commands / "python")]
    subprocess.run([*uv, "-c", str(commands.parent / "pins.txt"), what], check=True, capture_output=True)


def call(*command: str, commands: Path, **variables: str) -> Done:
    """Run a command with the environment's own in front."""
    given = environment({**variables, "PATH": f"{commands}:{os.environ['PATH']}"})
    given.pop("PYTHONPATH", None)
    done = subprocess.run(
        list(command), env=given, cwd="/", capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    return Done(done.returncode, done.stdout, done.stderr)


def test_wheel_holds_command_line_and_domain_alone(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as content:
        names = content.namelist()
        (metadata,) = (content.read(name).decode() for name in names if name.endswith("/METADATA"))
    version = settings()["project"]["version"]
    assert wheel.name == f"textmill-{version}-py3-none-any.whl"
    assert {name.split("/")[0] for name in names} == {"textmill", "textmill_cli", f"textmill-{version}.dist-info"}
    sources = {path.removeprefix("cli/") for path in listed() if re.match(r"(cli|textmill)/.*\.py$", path)}
    assert {name for name in names if name.endswith(".py")} == sources
    needed = re.findall(r"^Requires-Dist: ([a-z0-9]+)", metadata, re.MULTILINE)
    assert needed == ["click", "urllib3", "kubernetes"]


def test_installed_commands_work_and_kubectl_finds_them(wheel: Path, installed: Path, running: Stack) -> None:
    server = f"http://127.0.0.1:{running.port}"
    license_text = str(ROOT / "LICENSE")

    done = call("textmill", "submit", license_text, "--wait", commands=installed, TEXTMILL_SERVER=server)
    assert (done.code, json.loads(done.out)["result"]["topWords"][0]) == (0, {"word": "the", "count": 100}), done.err
    assert call("textmill", "count", license_text, commands=installed).err.startswith("textmill: CounterMissing: ")
    assert (
        call("textmill", "--version", commands=installed).out
        == f"textmill, version {settings()['project']['version']}\n"
    )

    name = json.loads(done.out)["name"]
    kubectl = str(Path(sys.executable).with_name("kubectl"))
    config = str(running.state / "kubeconfig")
    without = call(kubectl, "textmill", "get", name, commands=installed, KUBECONFIG=config)
    assert (without.code, without.err.splitlines()[0]) == (
        9,
        "kubectl textmill: KubernetesMissing: The way straight to Kubernetes is not installed.",
    )
    _install(installed, f"textmill[kubernetes] @ {wheel.as_uri()}")
    found = call(kubectl, "textmill", "get", name, commands=installed, KUBECONFIG=config)
    assert (found.code, json.loads(found.out)["result"]["tokens"]) == (0, 1600), found.err


def test_bash_completes_commands_and_names(installed: Path, running: Stack) -> None:
    script = (
        "source <(textmill completion bash); COMP_WORDS=(textmill wo); COMP_CWORD=1; _textmill_completion textmill; "
        'echo "${COMPREPLY[@]}"'
    )
    assert call("bash", "-c", script, commands=installed) == Done(0, "words\n")
