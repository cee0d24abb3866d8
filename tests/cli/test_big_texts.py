"""Big texts go in pieces: across cut connections, a killed service and a command begun anew, and none is sent twice."""

from __future__ import annotations

import base64
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.bench.stack import Stack, stack
from tests.cli.answering import REQUEST, Told, answering, problem
from tests.cli.cutting import line
from tests.cli.terminal import COMMAND, PATIENCE, environment, textmill
from tests.stack.processes import descendants, runs
from textmill_cli import resuming
from textmill_cli.run import main

MIB = 1 << 20
SIZE = resuming.WORTH_IT + 4 * MIB
BEGUN = Told(201, b"", {"Location": "/uploads/" + "a" * 32, "Upload-Offset": "0"})


@pytest.fixture(scope="module")
def running() -> Iterator[Stack]:
    with stack() as one:
        yield one


@pytest.fixture
def big(tmp_path: Path) -> Path:
    """Return a file that is large on the way and quickly counted."""
    file = tmp_path / "big.txt"
    file.write_bytes(b"first" + b"\n" * (SIZE - 10) + b" last")
    return file


@contextmanager
def started(*arguments: str, to: str) -> Iterator[subprocess.Popen[str]]:
    """Start the command, and see that it has ended in the end."""
    command, pipe = ["env", "--default-signal=INT", *COMMAND, *arguments], subprocess.PIPE
    with subprocess.Popen(
        command, env=environment({"TEXTMILL_SERVER": to}), stdout=pipe, stderr=pipe, text=True
    ) as one:
        try:
            yield one
        finally:
            one.kill()


def stands(offset: int, request: str = "") -> Told:
    """Return the answer that says how much is there."""
    return Told(204, b"", {"Upload-Offset": str(offset)} | ({"Textmill-Request": request} if request else {}))


def test_connection_that_is_cut_again_and_again_costs_little(running: Stack, big: Path) -> None:
    with line(running.port, [3 * MIB, 5 * MIB, 1 * MIB]) as cut:
        done = textmill("submit", str(big), "--wait", settings={"TEXTMILL_SERVER": cut.address})
    assert done.code == 0, done.err
    assert (done.lines[0]["result"]["bytes"], done.lines[0]["result"]["tokens"]) == (SIZE, 2)
    assert cut.cuts == []
    assert cut.passed < SIZE + 3 * MIB


def test_service_that_is_killed_meanwhile_costs_little(running: Stack, big: Path) -> None:
    with line(running.port) as held, ExitStack() as files:
        held.hold = 9 * MIB
        process = files.enter_context(started("submit", str(big), "--wait", "--patience", "60", to=held.address))
        assert held.reached.wait(PATIENCE)
        for pid in descendants(running.process.pid):
            if runs(pid, "gunicorn"):
                os.kill(pid, signal.SIGKILL)
        held.hold = None
        held.cut()
        out, errors = process.communicate(timeout=PATIENCE)
        assert held.passed < SIZE + 8 * MIB  # beyond what buffers held, nothing came twice
    assert (process.returncode, '"tokens":2' in out) == (0, True), errors


def test_command_that_was_interrupted_goes_on_with_its_key(running: Stack, big: Path) -> None:
    with line(running.port) as held, ExitStack() as files:
        held.hold = 9 * MIB
        process = files.enter_context(started("submit", str(big), to=held.address))
        assert held.reached.wait(PATIENCE)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    (key,) = re.findall(r"--key ([0-9a-f]{32}), goes on at", errors)
    with line(running.port) as rest:
        settings = {"TEXTMILL_SERVER": rest.address}
        done = textmill("submit", str(big), "--key", key, "--wait", settings=settings)
        assert rest.passed < SIZE - 3 * MIB
        again = textmill("submit", str(big), "--key", key, settings=settings)
        big.write_bytes(b"other" + b"\n" * (SIZE - 5))
        other = textmill("submit", str(big), "--key", key, settings=settings)
    assert (done.code, done.lines[0]["result"]["tokens"]) == (0, 2), done.err
    assert again.lines[0]["name"] == done.lines[0]["name"]
    assert (other.code, other.err[:20]) == (4, "textmill: KeyReused:")


def test_standard_input_goes_in_pieces_with_its_digest(running: Stack, big: Path) -> None:
    settings = {"TEXTMILL_SERVER": f"http://127.0.0.1:{running.port}"}
    done = textmill("submit", "-", "--wait", text=big.read_bytes(), settings=settings)
    assert (done.code, done.lines[0]["result"]["tokens"]) == (0, 2), done.err
    changed = big.read_bytes().replace(b"first", b"other")
    first, second = (
        textmill("submit", "-", "--key", "in", text=one, settings=settings) for one in (b"a" * SIZE, changed)
    )
    assert first.code == 0
    assert (second.code, second.err[:20]) == (4, "textmill: KeyReused:")


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return a file that counts as big, of three pieces."""
    monkeypatch.setattr("textmill_cli.http_service.WORTH_IT", 4)
    monkeypatch.setattr(resuming, "PIECE", 4)
    (tmp_path / "big.txt").write_text("0123456789")
    return str(tmp_path / "big.txt")


def test_pieces_go_on_where_the_service_stands(small: str) -> None:
    answers = [BEGUN, stands(4), Told(None), stands(6), stands(10, "alice"), Told(200, REQUEST)]
    with answering(*answers) as script:
        assert main(["submit", small, "--server", script.address, "--top-words", "3"]) == 0
    asked = [(one.method, one.headers.get("Upload-Offset"), one.body) for one in script.asked]
    assert asked == [
        ("POST", None, b""),
        ("PATCH", "0", b"0123"),
        ("PATCH", "4", b"4567"),
        ("HEAD", None, b""),
        ("PATCH", "6", b"6789"),
        ("GET", None, b""),
    ]
    told = dict(pair.split(" ") for pair in script.asked[0].headers["Upload-Metadata"].split(","))
    assert base64.b64decode(told["filename"]) == b"big.txt"
    assert base64.b64decode(told["topWords"]) == b"3"
    assert {one.headers["Tus-Resumable"] for one in script.asked[:-1]} == {"1.0.0"}


@pytest.mark.parametrize("reason", ["OffsetMismatch", "UploadBusy"])
def test_piece_that_is_out_of_place_is_asked_about(small: str, reason: str) -> None:
    answers = [BEGUN, problem(409, reason), stands(10, "alice"), Told(200, REQUEST)]
    with answering(*answers) as script:
        assert main(["submit", small, "--server", script.address]) == 0
    assert [one.method for one in script.asked] == ["POST", "PATCH", "HEAD", "GET"]


def test_upload_that_the_service_has_lost_is_begun_anew(small: str) -> None:
    lost = problem(404, "PiecesMissing")
    answers = [BEGUN, stands(4), lost, BEGUN, stands(10, "alice"), Told(200, REQUEST)]
    with answering(*answers) as script:
        assert main(["submit", small, "--server", script.address]) == 0
    assert [one.method for one in script.asked] == ["POST", "PATCH", "PATCH", "POST", "PATCH", "GET"]
    always = [BEGUN, lost] * 5
    with answering(*always) as script:
        assert main(["submit", small, "--server", script.address, "--patience", "60"]) == 3


def test_service_without_resumable_uploads_gets_it_in_one(small: str) -> None:
    with answering(problem(404, "RouteUnknown"), Told(202, REQUEST)) as script:
        assert main(["submit", small, "--server", script.address]) == 0
    assert script.asked[1].body == b"0123456789"


def test_whole_upload_without_its_request_is_asked_about(small: str) -> None:
    away = problem(503, "ClusterAway", next={"body": {"upload": "ab"}})
    with answering(BEGUN, stands(8), away, stands(10, "alice"), Told(200, REQUEST)) as script:
        assert main(["submit", small, "--server", script.address]) == 0
    assert [one.method for one in script.asked] == ["POST", "PATCH", "PATCH", "HEAD", "GET"]


def test_trouble_at_the_end_of_patience_says_how_to_go_on(small: str, capsys: pytest.CaptureFixture[str]) -> None:
    with answering(BEGUN, stands(4), Told(None), Told(None)) as script:
        assert main(["submit", small, "--server", script.address, "--patience", "0.3", "--key", "k1"]) == 6
    assert "--key k1, goes on at 4 of 10 bytes" in capsys.readouterr().err
