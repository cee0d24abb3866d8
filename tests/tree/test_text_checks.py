"""The checks of one file's text: names, docstrings, silenced tools, sleeps, places of one machine."""

from __future__ import annotations

import pytest

from checks import naming, places, silences, waiting

DOCSTRING = '"""Why.\n\nWhat.\n"""\n'


@pytest.mark.parametrize("path", ["app/utils.py", "app/helpers/x.py", "local/common.py", "tests/api/_helper.py"])
def test_name_that_says_nothing_is_found(path: str) -> None:
    assert ["says nothing" in one.text for one in naming.check(path, DOCSTRING)] == [True]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("app/uploads.py", DOCSTRING),
        ("app/__init__.py", '"""The API."""\n'),
        ("tests/api/test_upload.py", '"""Uploads."""\n'),
        ("app/long.py", '"""' + "line\n" * 14 + 'last"""'),
    ],
)
def test_name_and_docstring_that_say_enough_pass(path: str, text: str) -> None:
    assert list(naming.check(path, text)) == []


@pytest.mark.parametrize(
    ("lines", "text"), [(0, "x = 1"), (1, '"""Short."""'), (16, '"""' + "line\n" * 15 + 'last"""')]
)
def test_docstring_too_short_or_long_is_found(lines: int, text: str) -> None:
    assert [one.text.partition(",")[0] for one in naming.check("app/uploads.py", text)] == [
        f"the module's docstring has {lines} lines"
    ]


@pytest.mark.parametrize(
    "line",
    [
        "x = 1  # noqa",
        "x = 1  # noqa: S101",
        "x = 1  # noqa: S101 - sure",
        "x = f()  # type: ignore[arg-type]",
        "x = f()  # pragma: no cover",
    ],
)
def test_silence_without_reason_is_found(line: str) -> None:
    assert [one.line for one in silences.check("app/x.py", f"\n{line}\n")] == [2]


@pytest.mark.parametrize(
    "line",
    [
        "x = 1  # noqa: S101 - the caller checked it",
        "x = 1  # noqa: S101, S102 -- the caller checked it",
        "x = f()  # type: ignore[arg-type]  # the stubs are wrong here",
        "x = '# noqa'",
        "x = 1  # an ordinary comment",
    ],
)
def test_silence_with_reason_passes(line: str) -> None:
    assert list(silences.check("app/x.py", f"{line}\n")) == []


@pytest.mark.parametrize("line", ["time.sleep(1)", "sleep(0.1)", "await asyncio.sleep(delay)"])
def test_sleep_outside_a_loop_is_found(line: str) -> None:
    assert len(list(waiting.check("tests/x.py", f"async def test_it():\n    {line}\n"))) == 1


@pytest.mark.parametrize(
    "line", ["while not done():\n        time.sleep(1)", "await asyncio.sleep(0)", "run('sleep(1)')"]
)
def test_poll_and_yield_pass(line: str) -> None:
    assert list(waiting.check("tests/x.py", f"async def test_it():\n    {line}\n")) == []


@pytest.mark.parametrize(
    "line",
    [
        "cd /" + "root/textmill",
        "`/" + "home/anna/data`",
        "python /" + "work/x.py",
        "# from https://" + "pypi" + ".org/simple",
        "--index" + "-url https://example.test/simple",
    ],
)
def test_place_of_one_machine_is_found(line: str) -> None:
    assert [one.line for one in places.check("README.md", f"\n{line}\n")] == [2]


@pytest.mark.parametrize(
    "line",
    [
        "the root/work folder",
        "f'{volume}/" + "work/{job}'",
        "https://example.test/" + "home/anna",
        "/rooted/path and /workers/x",
        "pip install --require-hashes -r requirements.txt",
        "volume/" + "work/job-1",
    ],
)
def test_place_that_is_everywhere_passes(line: str) -> None:
    assert list(places.check("README.md", line)) == []
