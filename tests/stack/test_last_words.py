"""What a person is shown of a part's log: sentences, whatever the part wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.stack.last_words import WIDTH, of_file, of_log


@pytest.mark.parametrize(
    ("log", "told"),
    [
        (b"", ""),
        (b"one\n\n  two\n", "one"),
        (b'Traceback (most recent call last):\n  File "x", line 1\n    boom()\nValueError: boom\n', "ValueError: boom"),
        (b'{"message": "no cluster", "severity": "error"}\n', "no cluster"),
        (b'{"message": "dead", "exc_info": "Traceback:\\n  File\\nOSError: full"}\n', "dead: OSError: full"),
        (b'{"other": 1}\n{broken\n', '{"other": 1}\n{broken'),
        (b"{" * 100_000, "{" * WIDTH + " ..."),
        (b"\xff\n", "\ufffd"),
        (b"".join(b"line %d\n" % number for number in range(9)), "line 4\nline 5\nline 6\nline 7\nline 8"),
    ],
)
def test_last_lines_are_told_as_sentences(log: bytes, told: str) -> None:
    assert of_log(log) == told


def test_end_of_a_big_log_is_read_and_a_missing_one_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"x" * (1 << 20) + b"\nthe end\n")
    assert of_file(tmp_path / "log").splitlines()[-1] == "the end"
    assert of_file(tmp_path / "none") == ""
