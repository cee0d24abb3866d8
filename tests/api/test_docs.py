"""docs/api.md says everything that there is: each route, setting, field and reason, and nothing that there is not."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from app import settings, unreadable
from app.cluster import ClusterError
from app.errors import AppError
from app.options import OTHER_FIELDS, SPEC_FIELDS
from app.sweeper import SweepRefused
from tests.api.asserting import ANSWER_FIELDS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")


def _rows(heading: str) -> dict[str, list[str]]:
    section = PAGE.split(f"\n{heading}\n", 1)[1].split("\n#", 1)[0]
    rows = re.findall(r"^\| `([^`]+)` \| (.*) \|$", section, re.MULTILINE)
    assert len(rows) == len({name for name, _ in rows})
    return {name: rest.split(" | ") for name, rest in rows}


def reasons() -> dict[str, tuple[int, str]]:
    """Return status and title of every reason that an HTTP answer can have."""
    kinds, found = [AppError], {"InternalError": (AppError.status, AppError.title)}
    while kinds:
        kinds += (one := kinds.pop()).__subclasses__()
        if one not in (AppError, ClusterError, SweepRefused):
            found[one.reason] = (one.status, one.title)
    return found | {reason: (status, title) for status, reason, title in unreadable.REFUSALS}


def test_every_route_has_its_heading(make: Callable[..., Flask]) -> None:
    rules = [
        (method, re.sub(r"<(?:\w+:)?(\w+)>", lambda found: found[1].upper(), rule.rule))
        for rule in make().url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    ]

    assert set(re.findall(r"^### `(\w+) (\S+)`$", PAGE, re.MULTILINE)) == set(rules)


def test_every_setting_is_listed_with_its_default() -> None:
    assert _rows("## Settings") == {
        name: [f"`{default}`" if default else "", text] for name, default, text in settings.table()
    }


def test_every_reason_is_listed_with_its_status() -> None:
    assert {name: (int(status), text) for name, (status, text) in _rows("## Errors").items()} == reasons()


def test_every_field_of_an_upload_is_listed() -> None:
    assert set(_rows("### `POST /upload`")) == {*SPEC_FIELDS, *OTHER_FIELDS} - {"upload"}


def test_every_field_of_an_answer_is_listed() -> None:
    assert list(_rows("## A request")) == ANSWER_FIELDS


@pytest.mark.parametrize("reason", sorted(reasons()))
def test_every_reason_is_provoked_by_a_test(reason: str) -> None:
    own = Path(__file__).name
    tests = [path for path in Path(__file__).parent.glob("test_*.py") if path.name != own]

    assert any(f'"{reason}"' in path.read_text(encoding="utf-8") for path in tests)


def test_every_metric_is_named(make: Callable[..., Flask]) -> None:
    text = make().test_client().get("/metrics").get_data(as_text=True)
    kinds = re.findall(r"^# TYPE (textmill_\w+) (?:counter|gauge|histogram)$", text, re.MULTILINE)

    assert {name for name in kinds if not name.endswith("_created")} == set(re.findall(r"textmill_\w+", PAGE))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TEXTMILL_MAX_UPLOAD_BYTES", "many"),
        ("TEXTMILL_THREADS", "1.5"),
        ("TEXTMILL_THREADS", "0"),
        ("TEXTMILL_STREAMS", "-1"),
        ("TEXTMILL_TRUSTED_PROXIES", "-1"),
        ("TEXTMILL_STREAMS", "64"),
        ("TEXTMILL_THREADS", "2147483648"),
        ("TEXTMILL_LINK_MAX_SECONDS", "0"),
        ("TEXTMILL_RESUME_SECONDS", "1e300"),
        ("TEXTMILL_STALL_SECONDS", "1e20"),
        ("TEXTMILL_STALL_SECONDS", "0"),
        ("TEXTMILL_STALL_SECONDS", "nan"),
        ("TEXTMILL_QUEUE_SECONDS", "-0.5"),
        ("TEXTMILL_CLUSTER_TIMEOUT", "inf"),
        ("TEXTMILL_SWEEP_GRACE", "nan"),
        ("TEXTMILL_SWEEP_MAX_SHARE", "1.5"),
        ("TEXTMILL_LOG_LEVEL", "loud"),
    ],
)
def test_setting_that_cannot_be_read_stops_the_start(make: Callable[..., Flask], name: str, value: str) -> None:
    with pytest.raises(settings.BadSetting, match=f"{name}='?{value}'?: "):
        make(**{name: value})


@pytest.mark.parametrize(("threads", "streams", "places"), [("64", "", 32), ("2", "", 1), ("1", "", 0), ("2", "1", 1)])
def test_streams_leave_threads_for_others(threads: str, streams: str, places: int) -> None:
    given = {"TEXTMILL_THREADS": threads, "TEXTMILL_STREAMS": streams}
    assert settings.Settings.load(given).streams == places


def test_log_level_is_known_in_any_case() -> None:
    assert settings.Settings.load({"TEXTMILL_LOG_LEVEL": "debug"}).log_level == "DEBUG"


@pytest.mark.parametrize(
    ("text", "size"), [("7", 7), ("20Gi", 20 << 30), ("1.5", None), ("3 MB", 3_000_000), ("2ki", 2048), ("1T", 10**12)]
)
def test_sizes_are_read_with_their_unit(text: str, size: int | None) -> None:
    source = {"TEXTMILL_MAX_UPLOAD_BYTES": text}
    if size is None:
        with pytest.raises(settings.BadSetting):
            settings.Settings.load(source)
    else:
        assert settings.Settings.load(source).max_upload_bytes == size
