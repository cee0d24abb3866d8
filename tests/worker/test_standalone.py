"""`python -m worker count FILE...` as a person runs it: what it prints, from what, and how it refuses."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.worker.runs import NOTICE, ROOT, expected_rows, worker
from worker import standalone
from worker.engines import engine

WORTH = standalone.WORTH_A_PROCESS[engine().name]
COMMAND = [sys.executable, "-m", "worker", "count"]
PIECES = ["the", " ", "\n", "é", "漢字", "\u200d", "  ", "don't", "3.14", "ΟΔΟΣ", "👩‍🚀", "a", ", "]


def mixed(seed: int, words: int) -> str:
    """Return a text whose shards are cut at line feeds, at spaces, or not at all."""
    chance = random.Random(seed)
    return "".join(chance.choices(PIECES, k=words)) + "x" * 5_000 + "".join(chance.choices(PIECES, k=words))


def rows_of(output: str) -> list[tuple[str, int]]:
    """Return the rows of a table that was printed as CSV."""
    head, *rows = csv.reader(io.StringIO(output))
    assert head == ["word", "count"]
    return [(word, int(number)) for word, number in rows]


@pytest.mark.parametrize("processes", [1, 2, 7])
def test_any_number_of_processes_gives_the_same_table(tmp_path: Path, processes: int) -> None:
    texts = [mixed(seed, 1_200) for seed in range(3)]
    (tmp_path / "plain").write_text(texts[0], "utf-8")
    (tmp_path / "packed").write_bytes(gzip.compress(texts[1].encode()))
    (tmp_path / "wide").write_text(texts[2], "utf-16")
    (tmp_path / "empty").write_bytes(b"")
    files = [str(tmp_path / name) for name in ("plain", "packed", "wide", "empty")]
    ended = worker("count", "--csv", "--top", "0", "--processes", str(processes), *files)
    assert ended.code == 0, ended.errors
    assert rows_of(ended.output) == expected_rows("\n".join(texts))


def test_words_that_do_not_fit_into_memory_are_counted_by_every_process(tmp_path: Path) -> None:
    text = "".join(f"word{number % 3_000} and{number % 7}\n" for number in range(20_000))
    (tmp_path / "text").write_text(text)
    (tmp_path / "sitecustomize.py").write_text(
        "from worker.settings import Settings\nSettings.vocabulary_memory = 4_000\n"
    )
    before = f"import os; os.environ['PYTHONPATH'] = {str(tmp_path)!r}"
    ended = worker("count", "--csv", "--top", "0", "--processes", "3", str(tmp_path / "text"), before=before)
    assert ended.code == 0, ended.errors
    assert rows_of(ended.output) == expected_rows(text)


@pytest.mark.parametrize(("size", "processes"), [(1, 1), (WORTH, 1), (2 * WORTH, 2), (100 * WORTH, 4)])
def test_cores_are_used_where_it_is_worth_it(monkeypatch: pytest.MonkeyPatch, size: int, processes: int) -> None:
    monkeypatch.setattr(standalone, "cores", lambda: 4)
    assert standalone.worthwhile(size, memory=16 << 30) == processes


@pytest.mark.parametrize(("memory", "processes"), [(1, 1), (223, 1), (224, 2), (512, 5), (1 << 20, 16)])
def test_processes_are_as_many_as_the_memory_holds_beside_the_one_that_waits(
    monkeypatch: pytest.MonkeyPatch, memory: int, processes: int
) -> None:
    monkeypatch.setattr(standalone, "cores", lambda: 16)
    assert standalone.worthwhile(100 * WORTH, memory << 20) == processes


def test_memory_is_shared_out_among_the_processes(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("one word\n" * 100)
    (tmp_path / "sitecustomize.py").write_text(
        "import os, sys\nif 'worker.crew' in sys.orig_argv:\n    from worker.portions import Order\n"
        "    parse = Order.parse\n    def tell(told):\n"
        f"        open({str(tmp_path)!r} + f'/told-{{os.getpid()}}', 'x').write(str(told['memory'] >> 20))\n"
        "        return parse(told)\n    Order.parse = tell\n"
    )
    before = f"import os; os.environ['PYTHONPATH'] = {str(tmp_path)!r}"
    memory = str(304 << 20)
    assert worker("count", "--processes", "3", "--memory", memory, str(tmp_path / "text"), before=before).code == 0
    assert [path.read_text() for path in tmp_path.glob("told-*")] == ["80"] * 3


def test_json_has_the_totals_of_all_files_and_the_top_words(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("b a b")
    (tmp_path / "two").write_text("a c b\n")
    ended = worker("count", "--json", "--top", "2", str(tmp_path / "one"), str(tmp_path / "two"))
    top = [{"word": "b", "count": 3}, {"word": "a", "count": 2}]
    assert json.loads(ended.output) == {"bytes": 11, "tokens": 6, "distinctWords": 3, "topWords": top}


def test_table_is_aligned_and_harmless(tmp_path: Path) -> None:
    (tmp_path / "text").write_text(f"漢字漢字 ab ab a\u202eb {'w' * 60}\n", "utf-8")
    ended = worker("count", str(tmp_path / "text"))
    head, *rows = ended.output.splitlines()
    assert head == "86 bytes, 8 words, 5 of them distinct"
    assert rows[0] == f"           2  ab{' ' * 38}  {'█' * 30}"
    assert f"           1  a\ufffdb{' ' * 37}  {'█' * 15}" in rows
    assert f"           1  {'w' * 39}…  {'█' * 15}" in rows
    assert f"           2  漢{' ' * 38}  {'█' * 30}" in rows


def test_one_of_a_thing_is_told_without_an_s(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("a")
    assert worker("count", str(tmp_path / "text")).output.startswith("1 byte, 1 word, 1 of them distinct\n")


def test_nothing_in_a_file_is_a_result_with_zeros(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    assert worker("count", str(tmp_path / "empty")).output == "0 bytes, 0 words, 0 of them distinct\n"


@pytest.mark.parametrize("form", ["--csv", "--json"])
def test_fewer_than_no_words_are_refused(tmp_path: Path, form: str) -> None:
    (tmp_path / "text").write_text("a b a")
    ended = worker("count", "--top", "-1", form, str(tmp_path / "text"))
    assert (ended.code, ended.output) == (2, "")
    assert ended.errors.endswith("error: argument --top: -1 is below 0\n")


@pytest.mark.parametrize("arguments", [[], ["-"]])
def test_standard_input_is_counted(arguments: list[str]) -> None:
    ended = worker("count", "--csv", *arguments, stdin=gzip.compress(b"packed words packed"))
    assert (ended.code, ended.output) == (0, "word,count\npacked,2\nwords,1\n"), ended.errors


def test_what_can_be_read_only_once_is_counted(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    command = f"printf 'a b a' > {tmp_path}/fifo & {' '.join(COMMAND)} --csv {tmp_path}/fifo <(printf 'c a'); wait"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "word,count\na,3\nb,1\nc,1\n", done.stderr


def test_every_file_that_cannot_be_counted_is_named(tmp_path: Path) -> None:
    (tmp_path / "good").write_text("fine")
    (tmp_path / "binary\x1b[31m").write_bytes(b"\x7fELF\0\0\0")
    names = ["good", "none", ".", "binary\x1b[31m"]
    ended = worker("count", *(str(tmp_path / name) for name in names))
    assert (ended.code, ended.output) == (1, "")
    assert f"worker: {tmp_path}/none: No such file or directory\n" in ended.errors
    assert f"worker: {tmp_path}: Is a directory\n" in ended.errors
    assert f"worker: {tmp_path}/binary�[31m: the content is binary: a NUL byte at offset 4\n" in ended.errors
    assert f"{tmp_path}/good" not in ended.errors
    assert "Traceback" not in ended.errors


@pytest.mark.parametrize("processes", [1, 3])
def test_file_that_turns_out_broken_is_named(tmp_path: Path, processes: int) -> None:
    (tmp_path / "good").write_text("fine words\n" * 1_000)
    (tmp_path / "broken").write_bytes(b"good words\n" * 10_000 + b"\xff bad\n")
    files = [str(tmp_path / "good"), str(tmp_path / "broken")]
    ended = worker("count", "--strict", "--processes", str(processes), *files)
    assert (ended.code, ended.output) == (1, "")
    told = "the content is not valid utf-8: invalid start byte at offset 110,000"
    assert ended.errors.endswith(f"worker: {tmp_path}/broken: {told}\n")


@pytest.mark.parametrize("form", ["--json", "--csv"])
def test_guessed_encoding_is_told_and_can_be_set(form: str) -> None:
    ended = worker("count", form, stdin="café latte\n".encode("cp1252"))
    assert (ended.code, "café" in ended.output) == (0, True)
    told = "worker: -: read as cp1252, a guess; --encoding NAME sets another\n"
    assert ended.errors == told + NOTICE
    set_by_name = worker("count", form, "--encoding", "cp1252", stdin="café latte\n".encode("cp1252"))
    assert (set_by_name.output, set_by_name.errors) == (ended.output, NOTICE)


def test_standard_input_can_be_read_once() -> None:
    ended = worker("count", "-", "-", stdin=b"words")
    assert (ended.code, ended.output) == (1, "")
    assert ended.errors.endswith("worker: -: standard input is closed, or was read before\n")


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (["--top", "x"], "error: argument --top: 'x' is no whole number\n"),
        (["--processes", "x"], "error: argument --processes: 'x' is no whole number\n"),
        (["--memory", "1G"], "error: argument --memory: '1G' is no whole number\n"),
        (["--memory", "5"], "worker: --memory is 5; 83886080 bytes (80 MiB) are the least\n"),
        (["--memory", "0"], "worker: --memory is 0; 83886080 bytes (80 MiB) are the least\n"),
    ],
)
def test_option_that_makes_no_sense_is_told_in_plain_words(wrong: list[str], told: str) -> None:
    ended = worker("count", *wrong, "-", stdin=b"words")
    assert (ended.code, ended.output) == (2, "")
    assert ended.errors.endswith(told)


@pytest.mark.parametrize("wrong", [["--processes", "0"], ["--processes", "x"], ["--json", "--csv"], ["--top", "few"]])
def test_options_that_make_no_sense_end_with_two(wrong: list[str]) -> None:
    ended = worker("count", *wrong, "x")
    assert (ended.code, ended.output) == (2, "")
    assert "Traceback" not in ended.errors
