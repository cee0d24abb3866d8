"""A lock answers its `.in` file, and the real locks are whole and free of hosts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from checks import locks

PINNED = "flask==3.1.3 \\\n    --hash=sha256:00\nwerkzeug==3.1.9 ; python_version < '3.14' \\\n    --hash=sha256:11\n"


def texts(**changed: str) -> dict[str, str]:
    files = {"requirements.in": "flask>=3.1 # web\nWerkzeug\n", "requirements.txt": PINNED}
    return files | {name.replace("_", "."): text for name, text in changed.items()}


def test_lock_that_answers_passes() -> None:
    assert list(locks.check(texts())) == []


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ("kopf", "kopf is locked as nothing: run make lock"),
        ("flask>=4", "flask>=4 is locked as 3.1.3: run make lock"),
    ],
)
def test_lock_that_lags_is_found(wanted: str, words: str) -> None:
    assert [one.text for one in locks.check(texts(requirements_in=f"{wanted}\n"))] == [words]


def test_lock_of_a_set_that_includes_another_is_held_to_both() -> None:
    files = texts() | {"requirements-dev.in": "-r requirements.in\npytest\n", "requirements-dev.txt": PINNED}
    assert [one.text for one in locks.check(files)] == ["pytest is locked as nothing: run make lock"]


def test_pin_without_hash_is_found() -> None:
    files = texts(requirements_txt="flask==3.1.3\nwerkzeug==3.1.9\n")
    assert [one.text for one in locks.check(files)] == ["a pin has no hash: run make lock"]


def test_every_lock_names_its_command_and_no_host(request: pytest.FixtureRequest) -> None:
    found = sorted(Path(request.config.rootpath).glob("requirements*.txt"))
    assert [one.name for one in found] == [
        "requirements-dev.txt",
        "requirements-documents.txt",
        "requirements-engine.txt",
        "requirements-generate.txt",
        "requirements-image.txt",
        "requirements-laptop.txt",
        "requirements.txt",
    ]
    for lock in found:
        text = lock.read_text("utf-8")
        assert "make lock" in text.splitlines()[1]
        assert re.findall(r"^\s*--(?!hash)\S+|https?://\S+", text, re.MULTILINE) == []


def test_larger_lock_holds_the_smaller_one(request: pytest.FixtureRequest) -> None:
    parts = ("", "-documents", "-laptop", "-dev")
    names = [f"requirements{part}.txt" for part in parts]
    pins = [set(locks.PIN.findall((request.config.rootpath / name).read_text("utf-8"))) for name in names]
    assert pins[0] < pins[1] < pins[2] < pins[3]
