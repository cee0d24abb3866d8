"""What the command line makes of every kind of answer: codes, second tries, and what it must not do."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from tests.cli.answering import REQUEST, Told, answering, problem
from textmill_cli.run import main

CAUGHT = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing of this machine's environment choose a service, and no proxy stand between."""
    for name in ("TEXTMILL_SERVER", "TEXTMILL_TOKEN", "TEXTMILL_CA_FILE", "KUBECONFIG", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "argv", ["textmill"])


@pytest.fixture
def text(tmp_path: Path) -> str:
    (tmp_path / "alice.txt").write_text("a b c")
    return str(tmp_path / "alice.txt")


@pytest.mark.parametrize(
    ("told", "code", "words"),
    [
        (
            problem(400, "FieldInvalid"),
            4,
            "textmill: FieldInvalid: It is FieldInvalid.\ntextmill: Mend FieldInvalid.\n",
        ),
        (problem(401, "TokenMissing"), 5, "textmill: TokenMissing: "),
        (problem(403, "Forbidden"), 5, "textmill: Forbidden: "),
        (problem(404, "RequestMissing"), 3, "textmill: RequestMissing: "),
        (problem(409, "RequestFailed"), 1, "textmill: RequestFailed: "),
        (problem(404, "RouteUnknown"), 9, "textmill: RouteUnknown: "),
        (Told(404, b"<html>not here</html>"), 6, "textmill: ServiceBroken: "),
        (problem(503, "ClusterAway"), 6, "textmill: ClusterAway: "),
        (Told(502, b"<html>bad gateway</html>"), 6, "textmill: ServiceAway: "),
        (problem(501, "TransferCodingUnknown"), 6, "textmill: TransferCodingUnknown: "),
        (Told(302, b"", {"Location": "https://elsewhere.example/requests/alice"}), 4, "textmill: Refused: "),
        (Told(200, b"no json"), 6, "textmill: ServiceBroken: "),
        (Told(200, []), 6, "textmill: ServiceBroken: "),
        (Told(200, {"phase": "Pending"}), 6, "textmill: ServiceBroken: "),
        (Told(None), 6, "textmill: ServiceAway: "),
    ],
)
def test_answer_becomes_its_exit_code(told: Told, code: int, words: str, capsys: CAUGHT) -> None:
    with answering(told) as script:
        assert main(["--server", script.address, "get", "alice", "--patience", "0"]) == code
    assert capsys.readouterr().err.startswith(words)


def test_second_try_sends_the_whole_text_again_under_its_key(text: str, capsys: CAUGHT) -> None:
    later = problem(503, "VolumeNotReady")._replace(headers={"Retry-After": "0"})
    with answering(later, Told(None), Told(202, REQUEST)) as script:
        assert main(["submit", text, "--server", script.address, "--ttl", "60"]) == 0
    assert [one.body for one in script.asked] == [b"a b c"] * 3
    assert len({(one.path, one.headers["Idempotency-Key"]) for one in script.asked}) == 1
    assert script.asked[0].path.startswith("/upload?ttlSecondsAfterFinished=60&name=alice-txt-")
    assert json.loads(capsys.readouterr().out) == REQUEST


def test_file_whose_name_begins_like_an_option_comes_after_two_dashes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "-n.txt").write_text("a b c")
    monkeypatch.chdir(tmp_path)
    with answering(Told(201, REQUEST)) as script:
        assert main(["submit", "--server", script.address, "-o", "name", "--", "-n.txt"]) == 0
    assert [(one.headers["X-Filename"], one.body) for one in script.asked] == [("-n.txt", b"a b c")]


def test_stored_content_is_not_sent_again(text: str) -> None:
    following = {"method": "POST", "href": "/requests", "body": {"upload": "ab", "name": "alice"}}
    with answering(problem(503, "ClusterAway", next=following), Told(202, REQUEST)) as script:
        assert main(["submit", text, "--server", script.address, "-o", "name"]) == 0
    first, second = script.asked
    assert (second.path, json.loads(second.body)) == ("/requests", following["body"])
    assert second.headers["Idempotency-Key"] == first.headers["Idempotency-Key"]


def test_refusal_is_not_tried_again(text: str) -> None:
    with answering(problem(413, "TooLarge")) as script:
        assert main(["submit", text, "--server", script.address]) == 4
    assert len(script.asked) == 1


def test_what_was_made_is_printed_before_the_error(text: str, capsys: CAUGHT) -> None:
    other = str(Path(text).with_name("bob.txt"))
    Path(other).write_text("b")
    with answering(Told(202, REQUEST), problem(507, "VolumeFull")) as script:
        assert main(["submit", text, other, "--server", script.address, "-o", "name", "--patience", "0"]) == 6
    assert capsys.readouterr().out == "alice\n"


def test_token_goes_with_every_call_and_nowhere_else(tmp_path: Path, capsys: CAUGHT) -> None:
    (tmp_path / "token").write_text("secret-1\n")
    with answering(Told(200, REQUEST)) as script:
        assert main(["--token-file", str(tmp_path / "token"), "get", "alice", "--server", script.address]) == 0
    assert script.asked[0].headers["Authorization"] == "Bearer secret-1"
    assert main(["get", "alice", "--server", "http://textmill.example", "--token", "secret-2"]) == 5
    told = capsys.readouterr()
    assert told.err.startswith("textmill: TokenInClearText: ")
    assert "secret" not in told.out + told.err


@pytest.mark.parametrize("address", ["example.com", "ftp://x", "http://u:p@x", "http://x?y", "http://", "http://x:0"])
def test_address_that_is_none_is_refused(address: str, capsys: CAUGHT) -> None:
    assert main(["list", "--server", address]) == 4
    assert capsys.readouterr().err.startswith("textmill: AddressInvalid: ")


def test_list_goes_on_from_page_to_page(capsys: CAUGHT) -> None:
    pages = [{"items": [REQUEST | {"name": name}], "continue": more} for name, more in (("a", "t"), ("b", None))]
    with answering(*(Told(200, page) for page in pages)) as script:
        assert main(["list", "-o", "name", "--server", script.address]) == 0
    assert capsys.readouterr().out == "a\nb\n"
    assert [one.path for one in script.asked] == ["/requests?limit=500", "/requests?limit=500&continue=t"]


def test_table_that_breaks_off_leaves_no_file(tmp_path: Path) -> None:
    cut = Told(200, b"word,count\nthe", {"Content-Length": "999"})
    with answering(cut) as script:
        command = ["words", "alice", "-o", "csv", "--to", str(tmp_path / "t.csv"), "--server", script.address]
        assert main(command) == 6
    assert list(tmp_path.iterdir()) == []


def test_text_that_shrinks_while_it_is_sent_ends_the_upload(text: str) -> None:
    from textmill_cli.errors import FileUnusable
    from textmill_cli.streaming import Streamed

    sent: list[int] = []
    body = Streamed(io.BytesIO(b"abc"), 5, sent.append)
    assert body.read(2) == b"ab"
    assert body.read(2) == b"c"
    with pytest.raises(FileUnusable, match="shorter"):
        body.read(2)
    body.take_back()
    assert sum(sent) == 0


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["submit", "no-such-file"], 8),
        (["submit", "."], 8),
        (["submit", "x", "x"], 2),
        (["submit", "x", "y", "--name", "z"], 2),
        (["submit", "x", "--key", ""], 2),
        (["list", "--phase", "lost"], 2),
        (["nothing"], 2),
        (["get"], 2),
        (["list", "--patience", "nan"], 2),
        (["get", "x", "--wait", "--timeout", "nan"], 2),
        (["submit", "x", "--timeout", "-1"], 2),
        (["words", "x", "-o", "arrow", "--limit", "1"], 2),
        (["get", "x", "--token-file", "no-such-file"], 8),
        (["list", "--server", "https://127.0.0.1:1", "--ca-file", "no-such-file"], 8),
        (["list", "--server", "http://127.0.0.1:1", "--patience", "0"], 6),
    ],
)
def test_mistake_is_told_by_its_code(arguments: list[str], code: int) -> None:
    assert main(arguments) == code
