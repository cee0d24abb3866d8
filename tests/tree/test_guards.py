"""The guards fail what leaves something behind, and let alone what does not.

Each case is a small test file run by a pytest of its own, with the guards as its only plugin of ours.
"""

from __future__ import annotations

import pytest

from tests import guards

pytest_plugins = ["pytester"]

SETTINGS = """
[pytest]
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
filterwarnings = error
"""
IMPATIENT = """
from tests import guards
guards.PATIENCE = 0.05
"""
LEAKS = """
import asyncio, os, subprocess, threading
kept = []
release = threading.Event()
def test_thread():
    threading.Thread(target=release.wait, name="lost", daemon=True).start()
def test_process():
    kept.append(subprocess.Popen(["sleep", "60"]))
def test_descriptor():
    os.open(__file__, os.O_RDONLY)
async def test_task():
    kept.append(asyncio.create_task(asyncio.sleep(60), name="lost"))
def test_file(request):
    (request.config.rootpath / "stray.txt").write_text("")
def teardown_module():
    kept[0].kill()
    kept[0].wait()
"""
SKIPS = """
import pytest
def test_skip():
    pytest.skip("not today")
@pytest.mark.xfail(reason="known")
def test_expected_failure():
    assert False
"""
SKIPS_ITSELF = """
import pytest
pytest.importorskip("no_such_module")
def test_never_reached():
    pass
"""
CLEANS_UP = """
import asyncio, subprocess, threading
import pytest
from hypothesis import given, strategies
@pytest.fixture(scope="session")
def server():
    process = subprocess.Popen(["sleep", "60"])
    yield process
    process.kill()
    process.wait()
@pytest.fixture
async def job():
    task = asyncio.create_task(asyncio.sleep(60))
    yield task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
def test_with_server(server):
    thread = threading.Thread(target=lambda: None)
    thread.start()
async def test_with_task(job):
    await asyncio.to_thread(len, "x")
@given(strategies.integers())
def test_with_examples(number):
    assert number == number
@given(strategies.integers())
async def test_with_examples_in_a_loop(number):
    assert number == number
"""


@pytest.fixture(autouse=True)
def importable(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(request.config.rootpath))


def run(pytester: pytest.Pytester, *options: str, **sources: str) -> pytest.RunResult:
    pytester.makeini(SETTINGS)
    pytester.makepyfile(**sources)
    return pytester.runpytest_subprocess("-p", "tests.guards", *options)


def test_every_kind_of_leak_is_an_error(pytester: pytest.Pytester) -> None:
    result = run(pytester, conftest=IMPATIENT, test_leaks=LEAKS)
    result.assert_outcomes(passed=5, errors=5)
    result.stdout.fnmatch_lines_random(
        [
            "the test left behind: thread lost",
            "the test left behind: process * (sleep 60 )",
            "the test left behind: descriptor *test_leaks.py)",
            "the test left tasks: *name='lost'*",
            "the test left behind: *file stray.txt*",
        ]
    )


@pytest.mark.parametrize("workers", ["0", "1"])
def test_every_kind_of_skip_is_a_failure(pytester: pytest.Pytester, workers: str) -> None:
    result = run(pytester, "-n", workers, "--continue-on-collection-errors", test_a=SKIPS, test_b=SKIPS_ITSELF)
    result.assert_outcomes(failed=2, errors=1)
    result.stdout.fnmatch_lines(["*nothing may be skipped or expected to fail here*"] * 3)


def test_tidy_tests_pass(pytester: pytest.Pytester) -> None:
    run(pytester, test_tidy=CLEANS_UP).assert_outcomes(passed=4)


def test_thing_with_a_new_description_was_there_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards, "PATIENCE", 0)
    now = {"7": "process 7 (sleep 60)", "8": "process 8 (true)"}
    assert guards.left_behind(lambda: now, {"7": "process 7 (python)"}) == ["process 8 (true)"]


def test_slow_end_is_waited_for() -> None:
    looks = iter([{"process 1": "1"}, {"process 1": "1"}, {}])
    assert guards.left_behind(lambda: next(looks), {}) == []
