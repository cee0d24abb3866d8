"""How much memory and how many cores a run may use, and who says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.worker.runs import worker
from textmill import manifests
from worker import settings


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let neither the environment nor this machine's control group decide."""
    monkeypatch.delenv(settings.MEMORY_VARIABLE, raising=False)
    monkeypatch.setattr(settings, "_GROUPS", ())


def test_memory_is_what_was_asked_for_then_the_variable_then_the_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert settings.memory_bound(None) == settings.DEFAULT_MEMORY
    (tmp_path / "max").write_text("700\n")
    monkeypatch.setattr(settings, "_GROUPS", (tmp_path / "none", tmp_path / "max"))
    assert settings.memory_bound(None) == 700
    monkeypatch.setenv(settings.MEMORY_VARIABLE, "600")
    assert settings.memory_bound(None) == 600
    assert settings.memory_bound(500) == 500


@pytest.mark.parametrize("found", ["max\n", "9223372036854771712\n"])
def test_group_without_a_limit_decides_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, found: str) -> None:
    (tmp_path / "max").write_text(found)
    monkeypatch.setattr(settings, "_GROUPS", (tmp_path / "max",))
    assert settings.memory_bound(None) == settings.DEFAULT_MEMORY


def test_variable_that_is_no_number_ends_the_run_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("a")
    before = f"import os; os.environ['{settings.MEMORY_VARIABLE}'] = '512Mi'"
    ended = worker("count", str(tmp_path / "text"), before=before)
    assert (ended.code, ended.output) == (2, "")
    assert ended.errors == f"worker: {settings.MEMORY_VARIABLE} is '512Mi'; write a number of bytes\n"


@pytest.mark.parametrize(
    ("quota", "cores"), [("max 100000", 4), ("150000 100000", 1), ("200000 100000", 2), ("50000 100000", 1), ("", 4)]
)
def test_cores_are_those_of_the_quota(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quota: str, cores: int) -> None:
    (tmp_path / "cpu.max").write_text(quota)
    monkeypatch.setattr(settings, "_QUOTA", tmp_path / "cpu.max")
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1, 2, 3})
    assert settings.cores() == cores


def test_bounds_where_nobody_sets_them_are_those_of_the_operator() -> None:
    """They stand twice, since a worker also runs on its own."""
    assert settings.Bounds()._asdict() == {name: getattr(manifests.Site, name) for name in manifests.BOUNDS}
    assert manifests.Site.memory == settings.DEFAULT_MEMORY
