"""What the engine is measured against: a small program for each rival, run by an environment of their own.

`python` is exact: unicode-segmentation-rs, full lower case, a Counter. The rest split at spaces and count, which is
less work: DuckDB, polars, chDB and Spark. All print how many words there are and how many are distinct.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.bench.corpora import folder

PACKAGES = {
    "python": "unicode-segmentation-rs==1.0.0",
    "duckdb": "duckdb",
    "polars": "polars",
    "chdb": "chdb",
    "spark": "pyspark",
}
INEXACT = ("duckdb", "polars", "chdb", "spark")
PROGRAMS = {
    "python": """
from collections import Counter
from worker.characters import lower
from worker.reference import words
counts = Counter()
with open(path, encoding="utf-8", errors="replace", newline="\\n") as file:
    for line in file:
        counts.update(words(line))
lowered = Counter()
for word, number in counts.items():
    lowered[lower(word)] += number
print(lowered.total(), len(lowered))
""",
    "duckdb": """
import duckdb
query = '''select sum(n)::bigint, count(*) from (select w, count(*) n from
(select unnest(string_split(lower(line), ' ')) w from read_csv(?, columns = {'line': 'VARCHAR'}, delim = chr(1),
quote = '', escape = '', header = false, auto_detect = false, max_line_size = 100000000)) where w <> '' group by w)'''
print(*duckdb.execute(query, [path]).fetchone())
""",
    "polars": """
import polars as pl
with open(path, encoding="utf-8", errors="replace") as file:
    frame = pl.DataFrame({"line": file.read().split("\\n")})
counts = frame.lazy().select(pl.col("line").str.to_lowercase().str.split(" ").explode().alias("w"))
counts = counts.filter(pl.col("w") != "").group_by("w").len().collect()
print(counts["len"].sum(), len(counts))
""",
    "chdb": """
import chdb
query = f'''select sum(n), count() from (select w, count() n from (select arrayJoin(splitByWhitespace(lower(line))) w
from file('{path}', LineAsString, 'line String')) group by w)'''
print(str(chdb.query(query, "TSV")).replace("\\t", " "))
""",
    "spark": """
from pyspark.sql import SparkSession, functions as f
spark = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
words = spark.read.text(path).select(f.explode(f.split(f.lower("value"), "\\\\s+")).alias("w")).where("w <> ''")
row = words.groupBy("w").count().agg(f.sum("count"), f.count("w")).first()
print(*row)
""",
}


def environment(name: str) -> Path:
    """Return the rival's own environment."""
    return folder() / "rivals" / name


def available(name: str) -> bool:
    """Tell whether a rival is there; install it if it is not."""
    place = environment(name)
    if (place / "ready").exists():
        return name != "spark" or shutil.which("java") is not None
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
    pip = [str(place / "bin" / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    if subprocess.run([*pip, PACKAGES[name]], check=False).returncode:
        return False
    (place / "ready").touch()
    return available(name)


def command(name: str, path: Path) -> list[str]:
    """Return the command that counts a file."""
    python = sys.executable if name == "python" else str(environment(name) / "bin" / "python")
    return [python, "-c", f"path = {str(path)!r}\n{PROGRAMS[name]}"]


def answer(output: str) -> tuple[int, int]:
    """Read what a rival printed."""
    words, distinct = output.split()
    return int(words), int(distinct)


def versions() -> str:
    """Tell the versions of the rivals that are installed."""
    found = []
    for name in INEXACT:
        python = environment(name) / "bin" / "python"
        if (environment(name) / "ready").exists():
            code = f"import importlib.metadata as m; print('{PACKAGES[name]}', m.version('{PACKAGES[name]}'))"
            found.append(
                subprocess.run([str(python), "-c", code], check=True, capture_output=True, text=True).stdout.strip()
            )
    return "; ".join(found) or "no rival is installed"
