"""What a person sees who has kubectl alone: examples that work, columns, explanations, events."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.e2e.kube import until
from tests.e2e.release import ROOT, Release, reason

EXAMPLES = sorted((ROOT / "k8s" / "examples").glob("*.yaml"))
PINNED = b"test"
FILES = {
    "letters/unknown.txt": "Größe und Weiß, schön für Übung und Gefühl".encode("cp1252"),
    "letters/1998.txt": "Größe".encode("cp1252"),
    "books/alice.txt": b"Alice was beginning to get very tired",
    "contracts/2026/final.txt": PINNED,
    "corpora/encyclopaedia.txt": b"By far not as big as it is announced",
}


@pytest.fixture(scope="module", autouse=True)
def files(mill: Release) -> None:
    """What the examples are about."""
    for name, content in FILES.items():
        path = mill.volume / "drop" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    mill.upload("pinned-upload", PINNED)
    assert hashlib.sha256(PINNED).hexdigest() in (ROOT / "k8s" / "examples" / "upload.yaml").read_text()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_comes_to_its_end(mill: Release, path: Path) -> None:
    name = path.stem
    mill.kubectl("apply", f"--filename={path}")
    if name == "suspended":
        until(lambda: mill.status(name).get("phase") == "Suspended")
        mill.kubectl("patch", "preq", name, "--type=merge", "--patch", '{"spec":{"suspend":false}}')
    mill.kubectl("wait", f"preq/{name}", "--for=condition=Succeeded", "--timeout=120s")
    assert reason(mill.status(name)) in ("Counted", "Reused")


def test_columns_tell_what_matters(mill: Release) -> None:
    mill.create("columns", {"inline": "one two two"}, priority=5)
    mill.ended("columns")
    header, row = mill.kubectl("get", "preq", "columns", "--output=wide").splitlines()
    told = dict(zip(header.split(), row.split(), strict=False))
    assert {key: told[key] for key in ("NAME", "PHASE", "PROGRESS%", "WORDS", "DISTINCT")} == {
        "NAME": "columns",
        "PHASE": "Succeeded",
        "PROGRESS%": "100",
        "WORDS": "3",
        "DISTINCT": "2",
    }
    assert {"REASON", "BYTES", "PRIORITY"} <= set(header.split())
    chosen = mill.kubectl("get", "preq", "--field-selector=status.phase=Succeeded", "--output=name")
    assert "processingrequest.textmill.dev/columns" in chosen


def test_explain_says_what_to_write(mill: Release) -> None:
    told = mill.kubectl("explain", "preq.spec.input")
    assert "GROUP:      textmill.dev" in told
    for field in ("upload", "path", "inline", "configMapKeyRef", "sha256"):
        assert f"  {field}\t<" in told
    every = mill.kubectl("explain", "preq", "--recursive")
    assert "topWords" in every


def test_describe_shows_the_events(mill: Release) -> None:
    mill.create("described", {"inline": "what happened here"})
    mill.ended("described")
    until(lambda: "The words are counted" in events(mill.kubectl("describe", "preq", "described")))


def test_failure_says_what_to_do(mill: Release) -> None:
    mill.create("missing", {"path": "no/such/file.txt"})
    status = mill.ended("missing")
    assert reason(status) == "InputMissing"
    assert "put the file" in mill.kubectl("describe", "preq", "missing")


def events(described: str) -> str:
    return described.partition("\nEvents:")[2]
