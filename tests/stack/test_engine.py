"""A stack whose worker counts slowly says so in one line, with the command that helps."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from local.stack import demo, engine, ports, serve
from tests.stack.test_running import ROOT
from worker import engines


def environment(folder: Path, module: str) -> dict[str, str]:
    """Return an environment in which this is the compiled engine."""
    (folder / "textmill_engine.py").write_text(module, "utf-8")
    return os.environ | {"PYTHONPATH": f"{folder}:{ROOT}"}


@pytest.mark.parametrize(
    ("module", "line"),
    [
        (f"INTERFACE = {engines.INTERFACE}", ""),
        ("raise ImportError", engine.SLOW),
        ("INTERFACE = -1", engine.SLOW),
        ("raise SystemExit(1)", ""),
    ],
    ids=["built", "not built", "of other sources", "broken"],
)
def test_line_is_there_where_the_reference_counts(tmp_path: Path, module: str, line: str) -> None:
    assert engine.why_slow(ROOT, environment(tmp_path, module)) == line


def test_line_is_one_and_names_the_command() -> None:
    assert "`make engine`" in engine.SLOW
    assert "\n" not in engine.SLOW


@pytest.mark.parametrize(("size", "told"), [(engine.BIG, True), (engine.BIG - 1, False)])
def test_demonstration_tells_it_of_a_big_text_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], size: int, told: bool
) -> None:
    text = tmp_path / "text"
    with text.open("wb") as file:
        file.truncate(size)
    monkeypatch.setattr(engine, "why_slow", lambda *_: engine.SLOW)
    monkeypatch.setattr(demo, "_upload", lambda *_: "name")
    done = {"phase": "Succeeded", "result": {"bytes": 1, "tokens": 1, "distinctWords": 1, "topWords": []}}
    monkeypatch.setattr(demo, "_follow", lambda *_: done)
    with ports.Ports() as taken:
        where = serve.layout(taken, tmp_path, "127.0.0.1", 0)
        demo._show(where, text)  # noqa: SLF001 - a whole demonstration of a big text takes half a minute
    assert (engine.SLOW in capsys.readouterr().out.splitlines()) is told
