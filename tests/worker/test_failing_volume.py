"""A volume that fails, or a system short of files: a reason of its own, which another try may mend."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.worker.runs import TOKENS, UID, count_settings, drop, path_order, tokenize_settings
from textmill.orders import CountOrder
from worker.commands import main
from worker.counting import count
from worker.errors import VolumeUnavailable
from worker.tokenizing import tokenize

PASSING = [errno.EIO, errno.ESTALE, errno.EMFILE]


@pytest.mark.parametrize("number", PASSING)
def test_input_that_cannot_be_opened_for_the_volumes_sake_is_not_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    drop(tmp_path, b"some words")
    opens = os.open

    def fail(path: Any, *arguments: Any, **names: Any) -> int:
        if path == "text.txt":
            raise OSError(number, os.strerror(number))
        return opens(path, *arguments, **names)

    monkeypatch.setattr(os, "open", fail)
    with pytest.raises(VolumeUnavailable, match=os.strerror(number)):
        tokenize(path_order(), tokenize_settings(tmp_path))


@pytest.mark.parametrize("number", PASSING)
def test_artefact_that_cannot_be_read_for_the_volumes_sake_is_not_called_invalid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    drop(tmp_path, b"some words")
    tokenize(path_order(), tokenize_settings(tmp_path))

    def fail(_: Path) -> bytes:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "read_bytes", fail)
    with pytest.raises(VolumeUnavailable):
        count(CountOrder(UID, TOKENS), count_settings(tmp_path))


def test_volume_that_fails_while_a_text_is_read_is_that_requests_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    drop(tmp_path, b"some words")

    def fail(*_: Any, **__: Any) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("worker.tokenizing.opened", fail)
    order = path_order().text()
    assert main(["tokenize", f"--root={tmp_path}", "--out=work/tok-job", f"--order={order}"]) == 0
    report = json.loads(capsys.readouterr().out.removeprefix("@report "))
    assert (report["outcome"], report["reason"]) == ("failed", "VolumeUnavailable")
