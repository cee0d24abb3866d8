"""`sweep --now`, and the recipe of docs/operations.md that frees space with it, command by command."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from app import __main__ as command
from app.tree import Tree
from app.volume import Volume
from tests.api import live
from tests.contract.client import Client
from tests.contract.server import ROOT

PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
RECIPE = PAGE.split("**To free space now**", 1)[1].split("```console\n", 1)[1].split("```", 1)[0]
COMMANDS = [line.removeprefix("$ ").partition("  #")[0].strip() for line in RECIPE.splitlines() if line]
PLACES = {"laptop": COMMANDS[:3], "cluster": COMMANDS[3:]}
LIVE = {"phase": "Pending", "settled": False}
DONE = {"phase": "Succeeded", "settled": True}


class Clock:
    """The time, which passes while somebody sleeps."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.meanwhile: Callable[[], object] = int

    def time(self) -> float:
        """Return the time."""
        return time.time() + sum(self.slept)

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.slept.append(seconds)
        self.meanwhile()


class Mill:
    """A volume and the requests of a real API server that refer to it."""

    def __init__(self, root: Path, config: Path, api: Client) -> None:
        self.volume, self.config, self._api = Volume(root, "default", "textmill-data"), config, api
        self.volume.prepare()

    def store(self, text: bytes, age: float = 600.0) -> str:
        """Store content that came so many seconds ago, and return its digest."""
        with self.volume.arrival(1 << 20, None) as arrival:
            arrival.write(text)
            digest = arrival.publish().digest
        came = time.time() - age
        os.utime(self.volume.root / "uploads" / digest[:2] / digest, (came, came))
        return digest

    def request(self, name: str, status: dict[str, object]) -> str:
        """Store content that a request refers to, and return its digest."""
        digest = self.store(name.encode())
        body = {"apiVersion": "textmill.dev/v1", "kind": "ProcessingRequest", "metadata": {"name": name}}
        self._api.create(live.REQUESTS, body | {"spec": {"input": {"upload": digest}}})
        self._api.patch(f"{live.REQUESTS}/{name}/status", {"status": status})
        return digest

    def digests(self) -> set[str]:
        """Return the content that is there."""
        return {path.name for path in (self.volume.root / "uploads").rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Client]]:
    """Run one API server that knows the resource."""
    with live.cluster(tmp_path_factory.mktemp("cluster")) as found:
        yield found


@pytest.fixture
def mill(server: tuple[Path, Client], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mill:
    """Return a new volume, and no request."""
    config, api = server
    api.delete(live.REQUESTS)
    monkeypatch.setenv("KUBECONFIG", str(config))
    monkeypatch.setenv("TEXTMILL_VOLUME", str(tmp_path / "volume"))
    return Mill(tmp_path / "volume", config, api)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return the clock of the command."""
    made = Clock()
    monkeypatch.setattr(command, "time", SimpleNamespace(time=made.time, sleep=made.sleep))
    return made


def test_now_takes_both_looks_and_leaves_what_is_wanted(
    mill: Mill, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    kept, loose = mill.request("kept", LIVE), mill.store(b"loose")
    young = mill.store(b"young", age=0)
    arriving = mill.volume.root / "uploads" / "incoming" / "coming.part"
    arriving.write_bytes(b"half")

    assert command.main(["sweep", "--now"]) == 0

    assert clock.slept == [command.NOW_GRACE]
    assert mill.digests() == {kept, young, arriving.name}, "what came less than a minute ago may get its request yet"
    report = json.loads(capsys.readouterr().out)
    assert (report["deleted"], report["waiting"]) == ([f"uploads/{loose[:2]}/{loose}"], 1)


def test_now_keeps_what_gets_its_request_between_the_looks(mill: Mill, clock: Clock) -> None:
    mill.request("other", LIVE)
    late = mill.store(b"late")
    clock.meanwhile = lambda: mill.request("late", LIVE)

    assert command.main(["sweep", "--now"]) == 0
    assert clock.slept == [command.NOW_GRACE]
    assert late in mill.digests()


@pytest.mark.parametrize("arguments", [["--now"], ["--now", "--dry-run"]], ids=" ".join)
def test_now_waits_for_nothing_where_nothing_waits(mill: Mill, clock: Clock, arguments: list[str]) -> None:
    kept = mill.request("kept", LIVE)
    if "--dry-run" in arguments:
        kept = mill.store(b"loose")

    assert command.main(["sweep", *arguments]) == 0

    assert clock.slept == []
    assert kept in mill.digests()


@pytest.mark.parametrize("place", PLACES)
def test_recipe_frees_the_space_of_all_that_was_deleted(mill: Mill, clock: Clock, place: str) -> None:
    mill.request("one", DONE)
    mill.request("two", DONE)
    assert len(PLACES[place]) == 3

    for line in PLACES[place]:
        _run(line, mill)

    assert mill.digests() == set(), "although the list of requests is empty now"
    assert not Tree(mill.volume.root).trashed()


def test_refusal_of_an_empty_list_says_how_to_go_on(
    mill: Mill, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    mill.store(b"loose")

    assert command.main(["sweep", "--now"]) == 1
    told = capsys.readouterr().err
    assert told.startswith("SweepRefused: Nothing was swept: there is no request at all, but 1 entries")
    (option,) = re.findall(r"--allow-\w+", told)
    assert command.main(["sweep", "--now", option]) == 0
    assert mill.digests() == set()


def _run(line: str, mill: Mill) -> None:
    """Run a command of the page as its place does: the sweep in this process, whose clock is ours, kubectl as it is."""
    program, *words = shlex.split(line)
    given = dict(word.split("=", 1) for word in words if word.startswith("ARGS="))
    if program == "make":
        assert words[0] in ("sweep", "kubectl")
        program, words = words[0], shlex.split(given.get("ARGS", ""))
    elif words[:5] == ["exec", "deploy/textmill-api", "--", "python", "-m"]:
        assert words[5:7] == ["app", "sweep"]
        program, words = "sweep", words[7:]
    if program == "sweep":
        assert command.main(["sweep", *words]) == 0
    else:
        assert program == "kubectl"
        kubectl = [str(Path(sys.executable).with_name("kubectl")), f"--kubeconfig={mill.config}", *words]
        done = subprocess.run(kubectl, env=os.environ, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
