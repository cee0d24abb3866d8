"""What a terminal is spared, how wide things are, and counting with nothing running."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.answering import REQUEST, Told, answering
from tests.cli.terminal import COMMAND, environment, textmill
from textmill_cli import showing
from textmill_cli.run import main


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, naïve, 日本", "plain, naïve, 日本"),
        ("\x1b]0;title\x07red\x1b[31m", "�]0;title�red�[31m"),
        ("a\u202ecod.txt", "a�cod.txt"),
        ("two\nlines\tand\rone", "two lines and�one"),
        ("man\u200dwoman \x9b31m", "man\u200dwoman �31m"),
    ],
)
def test_text_from_elsewhere_cannot_move_the_cursor(text: str, shown: str) -> None:
    assert showing.plain(text) == shown


@pytest.mark.parametrize(("text", "columns"), [("abc", 3), ("日本", 4), ("e\u0301", 1), ("", 0)])
def test_width_is_that_of_a_terminal(text: str, columns: int) -> None:
    assert showing.cells(text) == columns


def test_table_is_aligned_by_what_is_seen(capsys: pytest.CaptureFixture[str]) -> None:
    showing.table(("NAME", "N"), [("日本", 7), ("abcde", None)], right=frozenset({1}))
    assert capsys.readouterr().out == "NAME    N\n日本    7\nabcde   -\n"


def test_failed_request_shows_its_reason_in_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    conditions = [{"type": "Succeeded", "status": "False", "reason": "NotText", "message": "It is a picture."}]
    showing.requests([{"name": "x", "phase": "Failed", "conditions": conditions}])
    assert capsys.readouterr().out.splitlines()[1].startswith("x      Failed (NotText)   0")


@pytest.mark.parametrize("form", ["table", "json"])
def test_advice_of_a_failure_is_shown_once_and_names_the_options(capsys: pytest.CaptureFixture[str], form: str) -> None:
    advice = "It is binary. Set spec.encoding to the file's encoding, or spec.errors to replace."
    conditions = [
        {"type": "Finished", "status": "True", "reason": "NotText", "message": advice},
        {"type": "Succeeded", "status": "False", "reason": "NotText", "message": advice},
    ]
    failed = {**REQUEST, "phase": "Failed", "conditions": conditions}
    with answering(Told(200, failed)) as script:
        assert main(["get", "alice", "--wait", "-o", form, "--server", script.address]) == 1
    told = capsys.readouterr()
    line, hint = told.err.splitlines()
    assert line.startswith("textmill: NotText: alice")
    assert hint == "textmill: As options of `textmill submit`: spec.encoding is --encoding, spec.errors is --errors."
    assert (told.err if form == "json" else told.out + told.err).count(advice) == 1


STATUS: dict[str, Any] = {
    "namespace": "team",
    "waiting": 1200,
    "operator": {
        "leader": {"name": "op-\x1b1", "since": "2026-01-01T00:00:00Z", "renewedAt": "2026-01-02", "current": True},
        "namespaces": ["team", "other"],
        "servesThis": True,
    },
}


def test_status_is_told_in_lines(capsys: pytest.CaptureFixture[str]) -> None:
    operator = {"leader": None, "namespaces": ["other"], "servesThis": False}
    late = STATUS["operator"] | {"leader": STATUS["operator"]["leader"] | {"current": False}, "namespaces": ["*"]}
    with answering(*(Told(200, STATUS | {"operator": one}) for one in (STATUS["operator"], operator, late))) as script:
        for _ in range(3):
            assert main(["status", "-o", "table", "--server", script.address]) == 0
    well, nobody, old = (text.splitlines() for text in capsys.readouterr().out.split("Namespace: ")[1:])
    assert well == [
        "team",
        "Waiting:   1,200",
        "Leader:    op-\ufffd1 since 2026-01-01T00:00:00Z",
        "Serves:    team, other",
    ]
    assert (nobody[0], nobody[2]) == ("team (which the operator does not serve)", "Leader:    nobody leads")
    assert old[2].endswith("; not renewed since 2026-01-02")
    assert old[3] == "Serves:    all namespaces"
    assert {one.path for one in script.asked} == {"/status"}


def test_place_in_the_queue_is_shown_of_one_that_waits(capsys: pytest.CaptureFixture[str]) -> None:
    with answering(Told(200, REQUEST | {"queue": {"place": 3, "waiting": 7}})) as script:
        assert main(["get", "alice", "-o", "table", "--server", script.address]) == 0
    assert "Queue:     place 3 of 7 that wait\n" in capsys.readouterr().out


def test_count_needs_no_service() -> None:
    done = textmill("count", text="a b a\n", settings={"TEXTMILL_SERVER": "http://127.0.0.1:1"})
    told = {"bytes": 6, "tokens": 3, "distinctWords": 2}
    told |= {"topWords": [{"word": "a", "count": 2}, {"word": "b", "count": 1}]}  # type: ignore[dict-item]  # JSON has no one type
    assert (done.code, json.loads(done.out)) == (0, told)
    assert textmill("count", "-o", "csv", text="a b a\n", settings={}).out == "word,count\na,2\nb,1\n"
    assert textmill("count", "no-such-file", settings={}).code == 8


def test_count_does_not_run_a_worker_that_lies_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "worker").mkdir()
    (tmp_path / "worker" / "__init__.py").write_text("print('planted')")
    (tmp_path / "text").write_text("a b a")
    monkeypatch.delenv("TEXTMILL_COUNTER", raising=False)
    monkeypatch.chdir(tmp_path)
    assert main(["count", "-o", "csv", "text"]) == 0
    assert capfd.readouterr().out == "word,count\na,2\nb,1\n"


def test_count_takes_the_command_that_is_set() -> None:
    echo = f"{sys.executable} -c 'import sys; print(sys.argv[1:])'"
    done = textmill("count", "-o", "json", "-", settings={"TEXTMILL_COUNTER": echo})
    assert done.out == "['count', '--top', '20', '--encoding', 'auto', '--json', '--', '-']\n"


def test_count_without_a_counter_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("TEXTMILL_COUNTER", raising=False)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert main(["count", "x"]) == 9
    told = capsys.readouterr().err
    assert told.startswith("textmill: CounterMissing: ")
    assert 'export TEXTMILL_COUNTER="$PWD/.venv/bin/python -m worker"' in told
    monkeypatch.setenv("TEXTMILL_COUNTER", "/no/such/program")
    assert main(["count", "x"]) == 9


def test_hint_of_what_is_missing_names_the_checkout_and_no_package_of_an_index(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "kubernetes", None)
    assert main(["get", "x", "--server", "kubernetes"]) == 9
    told = capsys.readouterr().err
    assert told.startswith("textmill: KubernetesMissing: ")
    assert "pip install '.[kubernetes]'" in told


def test_service_that_is_away_is_told_at_the_first_failure_and_at_the_end() -> None:
    done = textmill("get", "x", "--patience", "1", settings={"TEXTMILL_SERVER": "http://127.0.0.1:1"})
    assert (done.code, done.out) == (6, "")
    first, last, hint = done.err.splitlines()
    assert first == "textmill: No answer from http://127.0.0.1:1 (Connection refused). Trying again for 1 s."
    assert last == "textmill: ServiceAway: No answer from http://127.0.0.1:1 (Connection refused)."
    assert hint.startswith("textmill: Start it with `make run` in a checkout, or name another address: --server URL")


def test_kubeconfig_that_cannot_be_used_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["get", "x", "--kubeconfig", "/no/such/file"]) == 8
    assert "The kubeconfig /no/such/file cannot be used: " in capsys.readouterr().err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script_is_the_shells_own(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    assert f"_TEXTMILL_COMPLETE={shell}_complete" in capsys.readouterr().out


def test_fault_of_ours_has_a_code_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("textmill_cli.chosen.service", lambda: dict[str, str]()["nothing"])
    assert main(["list"]) == 70
    assert capsys.readouterr().err.startswith("Traceback ")


def test_reader_that_has_gone_ends_the_command_quietly() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as gone:
        process = [*COMMAND, "completion", "bash"]
        done = subprocess.run(process, env=environment({}), stdout=gone, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize(
    ("arguments", "settings", "code", "told"),
    [
        (["nothing"], {}, 2, "Error: No such command 'nothing'.\n"),
        (
            ["get", "x"],
            {"TEXTMILL_SERVER": "http://a.example", "TEXTMILL_TOKEN": "t"},
            5,
            "textmill: TokenInClearText: ",
        ),
        (["list", "--patience", "0"], {"TEXTMILL_SERVER": "http://127.0.0.1:1"}, 6, "textmill: ServiceAway: "),
        (["submit", "no-such-file"], {}, 8, "textmill: FileUnusable: no-such-file: No such file or directory."),
        (["logs", "x"], {"TEXTMILL_SERVER": "http://127.0.0.1:1"}, 9, "textmill: NotOffered: "),
    ],
)
def test_process_ends_with_the_code_of_its_trouble(
    arguments: list[str], settings: dict[str, str], code: int, told: str
) -> None:
    done = textmill(*arguments, settings=settings)
    assert (done.code, done.out) == (code, "")
    assert told in done.err
    assert "Traceback" not in done.err
