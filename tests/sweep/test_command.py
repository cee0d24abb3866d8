"""`python -m app` as a CronJob or a person runs it, against a real API server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.__main__ import main
from app.volume import Volume
from tests.api import live
from tests.contract.client import Client
from tests.contract.server import ROOT


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Client]]:
    """Run one API server that knows the resource."""
    with live.cluster(tmp_path_factory.mktemp("cluster")) as found:
        yield found


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a volume that the API has prepared."""
    Volume(tmp_path / "volume", "default", "textmill-data").prepare()
    return tmp_path / "volume"


def _run(root: Path, config: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "KUBECONFIG": str(config), "TEXTMILL_VOLUME": str(root), **settings}
    command = [sys.executable, "-m", "app", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)


def _store(root: Path, text: bytes) -> str:
    with Volume(root, "default", "textmill-data").arrival(1 << 20, None) as arrival:
        arrival.write(text)
        return arrival.publish().digest


def test_sweep_takes_what_is_loose_and_tells_it_in_one_line(root: Path, real: tuple[Path, Client]) -> None:
    kept, loose = _store(root, b"kept"), _store(root, b"loose")
    (root / "uploads" / "incoming" / "dead.part").write_bytes(b"half")
    body = {
        "apiVersion": "textmill.dev/v1",
        "kind": "ProcessingRequest",
        "metadata": {"name": "kept"},
        "spec": {"input": {"upload": kept}},
    }
    real[1].create(live.REQUESTS, body)

    dry = _run(root, real[0], "sweep", "--grace", "0", "--dry-run")
    wet = _run(root, real[0], "sweep", "--grace", "0")

    gone = sorted([f"uploads/{loose[:2]}/{loose}", "uploads/incoming/dead.part"])
    assert (dry.returncode, wet.returncode) == (0, 0), dry.stderr + wet.stderr
    assert sorted(json.loads(dry.stdout)["moved"]) == gone
    report = json.loads(wet.stdout)
    assert (sorted(report["deleted"]), report["requests"], report["bytes"]) == (gone, 1, 9)
    assert [path.name for path in (root / "uploads").rglob("*") if path.is_file()] == [kept]


def test_sweep_without_a_cluster_says_why_and_does_nothing(root: Path, tmp_path: Path) -> None:
    digest = _store(root, b"kept")

    done = _run(root, tmp_path / "none", "sweep", "--grace", "0", "--allow-empty")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("ClusterAway: There is no usable configuration for the Kubernetes API")
    assert done.stderr.endswith(" Run this again when it answers.\n")
    assert (root / "uploads" / digest[:2] / digest).is_file()


def test_sweep_marks_a_volume_that_only_workers_have_used(tmp_path: Path, real: tuple[Path, Client]) -> None:
    root = tmp_path / "volume"
    (root / "results" / "count-1").mkdir(parents=True)

    refused = _run(root, real[0], "sweep", "--dry-run")
    done = _run(root, real[0], "sweep", "--mark", "--dry-run", TEXTMILL_CLAIM="other")

    assert (refused.returncode, done.returncode) == (1, 0), done.stderr
    marker = json.loads((root / "textmill-volume.json").read_text("utf-8"))
    assert marker == {"format": 1, "namespace": "default", "claim": "other"}
    assert sorted(path.name for path in root.iterdir() if path.is_dir()) == [
        *("drop", "results", "trash", "uploads", "work"),
    ]


def test_sweep_marks_no_volume_that_holds_other_things(tmp_path: Path, real: tuple[Path, Client]) -> None:
    (tmp_path / "books").mkdir()

    refused = _run(tmp_path, real[0], "sweep", "--mark")

    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith("VolumeNotReady: The volume's root holds something that is not Textmill's.")
    assert [path.name for path in tmp_path.iterdir()] == ["books"]


def test_init_takes_over_a_folder_that_holds_other_things(tmp_path: Path) -> None:
    (tmp_path / "books").mkdir()

    refused = _run(tmp_path, tmp_path, "sweep")
    done = _run(tmp_path, tmp_path, "init", TEXTMILL_NAMESPACE="mill")

    assert (refused.returncode, refused.stderr.split(":")[0]) == (1, "SweepRefused")
    assert (done.returncode, json.loads(done.stdout)) == (0, {"volume": str(tmp_path), "namespace": "mill"})
    marker = json.loads((tmp_path / "textmill-volume.json").read_text())
    assert marker == {"format": 1, "namespace": "mill", "claim": "textmill-data"}


def test_setting_that_cannot_be_read_ends_with_2(root: Path) -> None:
    done = _run(root, root, "sweep", TEXTMILL_SWEEP_GRACE="soon")

    assert (done.returncode, done.stderr) == (
        2,
        "TEXTMILL_SWEEP_GRACE='soon': could not convert string to float: 'soon'\n",
    )


@pytest.mark.parametrize(
    ("option", "value"), [("--grace", "nan"), ("--grace", "-1"), ("--max-share", "nan"), ("--max-share", "1.1")]
)
def test_argument_that_cannot_be_meant_ends_with_2(capsys: pytest.CaptureFixture[str], option: str, value: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["sweep", f"{option}={value}"])
    assert ended.value.code == 2
    assert f"argument {option}: '{value}': a " in capsys.readouterr().err
