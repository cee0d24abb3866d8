"""What nothing uses is found, and what is called from outside is left alone with its reason."""

from __future__ import annotations

import pytest

from checks import unused

REASON = "the server, by its name"


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("def lost(): pass", "unused function 'lost'"),
        ("class Lost: pass", "unused class 'Lost'"),
        ("class Kept:\n    def lost(self): pass\nKept()", "unused method 'lost'"),
        ("import json", "unused import 'json'"),
        ("def kept(lost): pass\nkept(1)", "unused variable 'lost'"),
    ],
)
def test_what_nothing_uses_is_found(source: str, what: str) -> None:
    assert [one.text for one in unused.check({"app/x.py": source}, {})] == [f"{what}: remove it, or say who calls it"]


@pytest.mark.parametrize(
    "source",
    [
        "def kept(): pass\nkept()",
        "@requests.get('/requests')\ndef listing(): pass",
        "@kopf.on.event('x')\ndef changed(): pass",
        "settings.enabled = False",
        "WORKERS = 4",
    ],
)
def test_what_something_uses_passes(source: str) -> None:
    assert list(unused.check({"app/x.py": source}, {})) == []


def test_use_in_another_file_counts() -> None:
    files = {"app/x.py": "def kept(): pass", "app/y.py": "from app.x import kept\nkept()"}
    assert list(unused.check(files, {})) == []


def test_name_called_from_outside_passes() -> None:
    assert list(unused.check({"app/x.py": "def hook(): pass"}, {"hook": REASON})) == []


def test_name_called_from_outside_that_stands_nowhere_is_found() -> None:
    assert [one.text for one in unused.check({"app/x.py": ""}, {"hook": REASON})] == [
        "hook is called from outside, but stands nowhere"
    ]


def test_name_called_from_outside_without_a_reason_is_found() -> None:
    assert [one.text for one in unused.check({"app/x.py": "def hook(): pass"}, {"hook": "server"})] == [
        "hook is called from outside: say by whom"
    ]
