"""`check`, which `helm test` runs: right counts pass, anything else says what is wrong and leaves nothing behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from image import check
from tests.image.conftest import Installation
from worker import engines


def test_right_count_passes_and_the_request_is_deleted(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check.main([installation.url]) == 0
    engine, *lines = capsys.readouterr().out.splitlines()
    assert engine == f"engine of this image: {engines.engine().name}"
    assert lines == ["uploaded as check-txt-1", "counted right: 18 words, 4 distinct"]
    assert installation.seen == ["POST", "DELETE /requests/check-txt-1"]


def test_token_of_a_file_goes_with_every_call(installation: Installation, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("abc.def\n")
    assert check.main([installation.url, "--token-file", str(tmp_path / "token")]) == 0
    assert installation.tokens == {"Bearer abc.def"}


def test_without_a_token_none_is_sent(installation: Installation) -> None:
    assert check.main([installation.url]) == 0
    assert installation.tokens == {None}


def test_token_that_cannot_be_read_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        check.main(["http://127.0.0.1:9", "--token-file", str(tmp_path / "token")])
    assert "no token can be read" in capsys.readouterr().err


def test_text_is_new_each_time() -> None:
    assert check.text("one") != check.text("two")
    assert check.expected("w1")["topWords"] == [
        {"word": "alpha", "count": 6},
        {"word": "beta", "count": 6},
        {"word": "don't", "count": 3},
        {"word": "w1", "count": 3},
    ]


@pytest.mark.parametrize(
    ("answers", "complaint"),
    [
        ([{"phase": "Failed", "conditions": ["VolumeMissing"]}], "the request has failed: [\"VolumeMissing\"]"),
        ([{"phase": "Succeeded", "result": {"tokens": 17}}], "counted {'bytes': None, 'tokens': 17,"),
        ([{"code": 503, "phase": "away"}], ": 503 {\"code\": 503"),
    ],
)  # fmt: skip
def test_wrong_end_is_told_and_the_request_is_deleted(
    installation: Installation, capsys: pytest.CaptureFixture[str], answers: list[dict[str, Any]], complaint: str
) -> None:
    installation.answers = answers
    assert check.main([installation.url]) == 1
    assert complaint in capsys.readouterr().err
    assert installation.seen == ["POST", "DELETE /requests/check-txt-1"]


def test_no_result_in_time_is_told_with_the_last_state(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    installation.answers = [{"phase": "Pending"}]
    assert check.main([installation.url, "--seconds", "0"]) == 1
    assert capsys.readouterr().err == 'check failed: no result in time; the request says {"phase": "Pending"}\n'


def test_one_answer_that_fails_does_not_end_the_wait(installation: Installation) -> None:
    installation.answers = [{"code": 503}, {"code": 503}, {"phase": "Pending"}, {"phase": "Failed", "conditions": None}]
    with pytest.raises(check.CheckFailed, match="the request has failed: null"):
        check.check(installation.url, "", 60, lambda _: None)


def test_refused_upload_is_told_in_the_services_own_words(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    installation.upload_code = 507
    assert check.main([installation.url]) == 1
    assert '507 {"name": "check-txt-1"}' in capsys.readouterr().err


def test_nobody_there_and_no_address_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert check.main(["http://127.0.0.1:9"]) == 1
    assert "POST http://127.0.0.1:9/upload" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        check.main(["textmill-api"])
    assert "'textmill-api' is no http:// or https:// address" in capsys.readouterr().err
