"""Both commands as a Job's pod runs them: report lines, seal, exit codes, and what a signal or a full disk leaves."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.worker.runs import NOTICE, TOKENS, UID, Ended, drop, names_beneath, path_order, start_worker, worker
from textmill import layout, reports
from textmill.orders import CountOrder, TokenizeOrder, inline_value

OTHER = "99999999-2222-4333-8444-555555555555"
PATIENCE = 60.0


def run(root: Path, command: str, *orders: TokenizeOrder | CountOrder, before: str = "", more: str = "") -> Ended:
    """Run a command with these orders as a Job's pod would."""
    out = layout.job_tokens("tok-job") if command == "tokenize" else layout.job_results("count-job")
    arguments = [command, "--root", str(root), "--out", out, "--pod-uid", "pod-1"]
    arguments += ["--termination-log", str(root / "log"), *more.split()]
    return worker(*arguments, *(f"--order={order.text()}" for order in orders), before=before)


def unsealed(root: Path, ended: Ended) -> list[reports.Report]:
    """Return the reports for which the seal of a run vouches."""
    return reports.unseal((root / "log").read_text("utf-8"), ended.output)


def test_both_commands_end_with_sealed_reports(tmp_path: Path) -> None:
    drop(tmp_path, b"two words, two\n")
    ended = run(tmp_path, "tokenize", path_order())
    (report,) = unsealed(tmp_path, ended)
    assert (ended.code, ended.errors, report["id"], report["tokens"]) == (0, NOTICE, UID, 3)
    ended = run(tmp_path, "count", CountOrder(UID, TOKENS))
    (report,) = unsealed(tmp_path, ended)
    assert (ended.code, ended.errors) == (0, NOTICE)
    assert report["result"]["topWords"] == [{"word": "two", "count": 2}, {"word": "words", "count": 1}]


def test_count_tells_again_what_the_tokenizer_saw_of_a_whole_input(tmp_path: Path) -> None:
    drop(tmp_path, "größer\n".encode("latin-1"))
    (cut,) = unsealed(tmp_path, run(tmp_path, "tokenize", path_order(encoding="latin-1")))
    (report,) = unsealed(tmp_path, run(tmp_path, "count", CountOrder(UID, TOKENS)))
    assert (report["input"], report["tokens"]) == (cut["input"], 1)
    assert report["input"]["sha256"] == hashlib.sha256("größer\n".encode("latin-1")).hexdigest()


def test_bad_members_of_a_batch_fail_alone_and_in_order(tmp_path: Path) -> None:
    drop(tmp_path, b"\0binary", "bad")
    orders = [
        path_order("bad"),
        TokenizeOrder(OTHER, "inline", inline_value("good one")),
        TokenizeOrder("a" * 8, "path", "none"),
        TokenizeOrder("../up", "inline", inline_value("x")),
    ]
    ended = run(tmp_path, "tokenize", *orders)
    told = [(one["id"], one["outcome"], one.get("reason")) for one in unsealed(tmp_path, ended)]
    assert ended.code == 0
    assert told == [
        (UID, "failed", "NotText"),
        (OTHER, "done", None),
        ("a" * 8, "failed", "InputMissing"),
        ("../up", "failed", "WorkerFailed"),
    ]
    assert [name for name in names_beneath(tmp_path, "work/tok-job") if "/" not in name] == [OTHER]


def test_breakdown_of_one_order_costs_the_others_nothing(tmp_path: Path) -> None:
    before = "from worker import inputs; inputs._inline = lambda order: 1 / 0"
    drop(tmp_path, b"fine")
    ended = run(tmp_path, "tokenize", TokenizeOrder(OTHER, "inline", "eA=="), path_order(), before=before)
    bad, good = unsealed(tmp_path, ended)
    assert (bad["reason"], bad["message"]) == ("WorkerFailed", "ZeroDivisionError: division by zero")
    assert (good["outcome"], ended.code) == ("done", 0)
    assert "Traceback" in ended.errors


def test_reports_that_do_not_fit_the_message_are_sealed_in_the_log(tmp_path: Path) -> None:
    orders = [TokenizeOrder(f"{number:08d}", "inline", inline_value("x")) for number in range(40)]
    ended = run(tmp_path, "tokenize", *orders)
    message = (tmp_path / "log").read_text("utf-8")
    assert len(message.encode()) <= reports.MESSAGE_LIMIT
    assert not reports.sealed_inside(message)
    assert [one["id"] for one in unsealed(tmp_path, ended)] == [order.id for order in orders]


def test_long_words_do_not_make_a_long_report(tmp_path: Path) -> None:
    words = [chr(0x4E00 + number) + "\u0301" * 4000 for number in range(100)]
    drop(tmp_path, " ".join(words).encode())
    run(tmp_path, "tokenize", path_order())
    ended = run(tmp_path, "count", CountOrder(UID, TOKENS, top_words=100))
    (report,) = unsealed(tmp_path, ended)
    assert len(report["result"]["topWords"]) == 100
    assert {len(one["word"]) for one in report["result"]["topWords"]} == {64}
    assert len(ended.output.encode()) < 30_000


def test_index_of_an_indexed_job_comes_from_its_variable(tmp_path: Path) -> None:
    drop(tmp_path, b"a b\nc d\n")
    for index in range(2):
        before = f"import os; os.environ['JOB_COMPLETION_INDEX'] = '{index}'"
        (report,) = unsealed(tmp_path, run(tmp_path, "tokenize", path_order(), before=before, more="--shards 2"))
        assert (report["shard"], report["of"], report["tokens"]) == (index, 2, 2)
    (report,) = unsealed(tmp_path, run(tmp_path, "count", CountOrder(UID, TOKENS, 2)))
    assert report["result"]["tokens"] == 4


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--order", "{"], "an order is no JSON"),
        (["--order", "{}"], "lacks a field or has one too many"),
        (["--order", json.dumps({"id": "a", "source": "path", "value": "x", "colour": 1})], "one too many"),
        (["--order", json.dumps({"id": ["a"], "source": "path", "value": "x"})], "are no texts"),
        ([], "at least one --order"),
        (["--order", path_order().text(), "--shards", "2", "--index", "2"], "there is no shard 2 of 2"),
        (["--order", path_order().text(), "--order", path_order().text()], "two orders have the same id"),
    ],
)
def test_command_line_that_cannot_be_read_ends_with_two(tmp_path: Path, arguments: list[str], sentence: str) -> None:
    ended = worker("tokenize", "--root", str(tmp_path), "--out", "work/j", *arguments)
    assert (ended.code, ended.output) == (2, "")
    assert sentence in ended.errors
    assert "Traceback" not in ended.errors


def test_full_volume_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    drop(tmp_path, b"".join(b"word%d " % number for number in range(200_000)))
    limited = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))"
    (report,) = unsealed(tmp_path, run(tmp_path, "tokenize", path_order(), before=limited))
    assert (report["outcome"], report["reason"]) == ("failed", "VolumeFull")
    assert "no room left on the volume" in report["message"]
    assert names_beneath(tmp_path, "work/tok-job") == [UID]
    run(tmp_path, "tokenize", path_order())
    (report,) = unsealed(tmp_path, run(tmp_path, "count", CountOrder(UID, TOKENS), before=limited))
    assert (report["outcome"], report["reason"]) == ("failed", "VolumeFull")
    assert names_beneath(tmp_path, "results/count-job") == []


def test_trouble_while_publishing_is_told_by_the_one_that_has_it(tmp_path: Path) -> None:
    before = f"""
import errno, os
from pathlib import Path
from worker import volume
def sync(made, sync=volume._sync_contents):
    if {OTHER!r} in str(made.target):
        raise OSError(errno.EDQUOT, 'quota')
    sync(made)
volume._sync_contents = sync
"""
    drop(tmp_path, b"fine")
    orders = [TokenizeOrder(OTHER, "inline", inline_value("good one")), path_order()]
    bad, good = unsealed(tmp_path, run(tmp_path, "tokenize", *orders, before=before))
    assert (bad["id"], bad["outcome"], bad["reason"]) == (OTHER, "failed", "VolumeFull")
    assert (good["id"], good["outcome"]) == (UID, "done")
    assert [name for name in names_beneath(tmp_path, "work/tok-job") if "shard" in name] == [
        f"{UID}/shard-00000",
        *(f"{UID}/shard-00000/{file}" for file in (layout.IDS, layout.MANIFEST, layout.VOCABULARY)),
    ]


# Stops in the middle of its work, or when all is made and nothing is published, and says so by a file.
PAUSED = """
import time
from pathlib import Path
from worker import {module}
def pause(*_):
    Path({root!r}, 'paused').touch()
    time.sleep(600)
{module}.{function} = pause
"""


@pytest.mark.parametrize(("module", "function"), [("arrow", "write_words"), ("volume", "_sync_contents")])
@pytest.mark.parametrize(
    ("sign", "code", "left"),
    [(signal.SIGTERM, 143, []), (signal.SIGINT, -2, []), (signal.SIGKILL, -9, [".shard-00000.pod-1.tmp"])],
    ids=["TERM", "INT", "KILL"],
)
def test_signal_in_the_middle_leaves_no_artefact(
    tmp_path: Path, sign: signal.Signals, code: int, left: list[str], module: str, function: str
) -> None:
    drop(tmp_path, b"some words")
    out = layout.job_tokens("tok-job")
    arguments = ["tokenize", "--root", str(tmp_path), "--out", out, "--pod-uid", "pod-1"]
    before = PAUSED.format(root=str(tmp_path), module=module, function=function)
    process = start_worker(*arguments, f"--order={path_order().text()}", before=before)
    with ExitStack() as stack:
        for stream in (process.stdin, process.stdout, process.stderr):
            assert stream is not None
            stack.enter_context(stream)
        end = time.monotonic() + PATIENCE
        while not (tmp_path / "paused").exists():
            assert process.poll() is None
            assert time.monotonic() < end, "the worker did not come to its work"
            time.sleep(0.01)
        os.kill(process.pid, sign)
        assert process.wait(PATIENCE) == code
    assert os.listdir(tmp_path / TOKENS) == left
    (report,) = unsealed(tmp_path, run(tmp_path, "tokenize", path_order()))
    assert report["tokens"] == 2
