"""The command line in front of a running stack: what people type, what they see, what scripts get."""

from __future__ import annotations

import csv
import io
import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bench.stack import Stack, stack
from tests.cli.terminal import COMMAND, PATIENCE, Done, environment, on_terminal, textmill
from tests.contract.server import until

ENDS = ("Succeeded", "Failed")
TEXT = "the cat and the dog and the bird\n"
TOP = [{"word": "the", "count": 3}, {"word": "and", "count": 2}, {"word": "bird", "count": 1}]


@pytest.fixture(scope="module")
def running() -> Iterator[Stack]:
    with stack() as one:
        yield one


@pytest.fixture(scope="module")
def settings(running: Stack) -> dict[str, str]:
    return {"TEXTMILL_SERVER": f"http://127.0.0.1:{running.port}"}


@pytest.fixture
def text(tmp_path: Path) -> Path:
    file = tmp_path / "My Text.txt"
    file.write_text(TEXT)
    return file


@pytest.fixture(scope="module")
def counted(settings: dict[str, str]) -> str:
    done = textmill("submit", "-", "--name", "counted", "--top-words", "3", "--wait", text=TEXT, settings=settings)
    assert done.code == 0, done.err
    return "counted"


def test_submit_and_wait_gives_the_result_as_json(settings: dict[str, str], text: Path) -> None:
    done = textmill("submit", str(text), "--top-words", "3", "--wait", settings=settings)

    (answer,) = done.lines
    assert (done.code, done.err) == (0, "")
    assert answer["name"].startswith("my-text-txt-")
    assert answer["input"] == answer["input"] | {"name": "My Text.txt", "bytes": len(TEXT)}
    assert (answer["result"]["tokens"], answer["result"]["topWords"]) == (8, TOP)


def test_submit_of_several_files_makes_a_request_of_each(settings: dict[str, str], tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.txt").write_text("word " * number + "\n")
    files = [str(tmp_path / f"{number}.txt") for number in range(3)]

    done = textmill("submit", *files, "--follow", settings=settings)

    assert done.code == 0, done.err
    assert [one["result"]["tokens"] for one in done.lines] == [0, 1, 2]
    names = [one["name"] for one in done.lines]
    assert {line.split()[0] for line in done.err.splitlines()} == set(names)
    assert sum(line.endswith(" Succeeded 100%") for line in done.err.splitlines()) == 3


def test_process_substitution_is_read_to_its_end(settings: dict[str, str]) -> None:
    command = f"{COMMAND[0]} -m textmill_cli submit <(printf 'x %.0s' $(seq 30000)) --name piped --wait"
    done = subprocess.run(
        ["bash", "-c", command], env=environment(settings), capture_output=True, timeout=PATIENCE, check=True
    )
    assert json.loads(done.stdout)["result"]["tokens"] == 30_000


def test_same_key_finds_the_same_request(settings: dict[str, str], text: Path) -> None:
    first, second = (textmill("submit", str(text), "--key", "monday", settings=settings) for _ in range(2))
    other = textmill("submit", str(text), "--key", "tuesday", settings=settings)

    assert first.lines[0]["name"] == second.lines[0]["name"] != other.lines[0]["name"]
    text.write_text("something else")
    changed = textmill("submit", str(text), "--key", "monday", settings=settings)
    assert (changed.code, changed.out) == (4, "")
    assert changed.err.startswith("textmill: KeyReused: ")


def test_failed_request_is_printed_and_told_by_the_code(settings: dict[str, str]) -> None:
    done = textmill("submit", "-", "--name", "binary", "--wait", text=b"\x89PNG\r\n\x1a\n\0\0", settings=settings)

    assert (done.code, done.lines[0]["phase"]) == (1, "Failed")
    assert done.err.startswith("textmill: NotText: binary: ")
    assert textmill("get", "binary", settings=settings).code == 0
    assert textmill("words", "binary", settings=settings).code == 1


def test_list_shows_one_phase_and_stops_at_the_limit(settings: dict[str, str], counted: str) -> None:
    until(lambda: all(one["phase"] in ENDS for one in textmill("list", settings=settings).lines))
    every = textmill("list", settings=settings).lines
    names = textmill("list", "--phase", "succeeded", "-o", "name", settings=settings).out.split()
    assert names == [one["name"] for one in every if one["phase"] == "Succeeded"]
    assert textmill("list", "--limit", "1", "-o", "name", settings=settings).out.split() == [every[0]["name"]]


def test_words_come_in_every_form(settings: dict[str, str], counted: str, tmp_path: Path) -> None:
    rows = list(csv.reader(io.StringIO(textmill("words", counted, "-o", "csv", settings=settings).out)))
    assert rows[:3] == [["word", "count"], ["the", "3"], ["and", "2"]]
    assert json.loads(textmill("words", counted, "--limit", "3", settings=settings).out) == TOP
    target = tmp_path / "words.arrow"
    assert textmill("words", counted, "-o", "arrow", "--to", str(target), settings=settings).code == 0
    assert target.read_bytes()[:6] == b"ARROW1"
    assert [one.name for one in tmp_path.iterdir()] == ["words.arrow"]


def test_cancel_spares_what_has_ended_unless_told(settings: dict[str, str]) -> None:
    def call(*arguments: str) -> Done:
        return textmill(*arguments, settings=settings)

    assert textmill("submit", "-", "--name", "old", "--wait", text="old", settings=settings).code == 0
    spared = call("cancel", "old")
    assert (spared.code, spared.out) == (4, "")
    assert spared.err.startswith("textmill: AlreadyEnded: ")
    assert (call("cancel", "--ended", "old").out, call("get", "old").code) == ("old\n", 3)


def test_waiting_ends_at_its_timeout(settings: dict[str, str], running: Stack) -> None:
    name = "held"
    body: dict[str, Any] = {"metadata": {"name": name}, "spec": {"suspend": True, "input": {"inline": "x"}}}
    body |= {"apiVersion": "textmill.dev/v1", "kind": "ProcessingRequest"}
    kubectl = [str(Path(COMMAND[0]).with_name("kubectl")), "--kubeconfig", str(running.state / "kubeconfig")]
    subprocess.run([*kubectl, "apply", "-f", "-"], input=json.dumps(body).encode(), check=True, capture_output=True)

    done = textmill("get", name, "--wait", "--timeout", "0.2", settings=settings)
    assert (done.code, done.lines[0]["name"]) == (7, name)

    process = subprocess.Popen(
        ["env", "--default-signal=INT", *COMMAND, "get", name, "--follow"],
        env=environment(settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    first = process.stderr.readline()
    process.send_signal(signal.SIGINT)
    out, rest = process.communicate(timeout=PATIENCE)
    assert (process.returncode, json.loads(out)["name"]) == (130, name)
    assert first.startswith("held ")
    assert rest.endswith("\nNo longer waiting; held goes on.\n\ntextmill: interrupted\n")


def test_terminal_gets_tables_and_bars(settings: dict[str, str], text: Path, counted: str) -> None:
    done = on_terminal("submit", str(text), "--name", "seen", "--wait", settings=settings)
    assert (done.code, "100%" in done.out) == (0, True)
    assert "1 request  [" in done.out
    assert "Words:     8\n" in done.out
    assert "             3  the   ██████████████████████████████\n" in done.out

    table = on_terminal("list", settings=settings).out.splitlines()
    assert table[0].split() == ["NAME", "PHASE", "%", "BYTES", "WORDS", "DISTINCT", "INPUT"]
    (row,) = (line.split() for line in table if line.startswith("seen "))
    assert row == ["seen", "Succeeded", "100", "33", "8", "5", "My", "Text.txt"]
    assert on_terminal("words", counted, "--limit", "1", settings=settings).out.split()[:2] == ["3", "the"]
    assert on_terminal("words", counted, "-o", "arrow", settings=settings).code == 2


def test_names_are_completed_from_the_service(settings: dict[str, str], counted: str) -> None:
    asked = {"_TEXTMILL_COMPLETE": "bash_complete", "COMP_WORDS": "textmill words coun", "COMP_CWORD": "2"}
    assert textmill(settings=settings | asked).out == "plain,counted\n"
    nowhere = {"TEXTMILL_SERVER": "http://127.0.0.1:1"}
    assert textmill(settings=nowhere | asked) == Done(0, "\n")
