"""Where everything lies on the shared volume: names only, no file is touched here.

Invariants: a path made here is relative to the volume's root, uses `/`, holds no `..`, and begins with one of
the five top folders. `uploads/` is written by the API alone, `drop/` by people, `work/JOB/` by the tokenizer
Job of that name, `results/JOB/` by the word-count Job of that name, `trash/` by the sweep. A Job therefore
mounts one folder for writing, and no two Jobs ever write to the same place.

    uploads/ab/abcd...          content by its SHA-256 (hex), fan-out by the first two digits
    uploads/incoming/NAME       uploads that are still arriving
    uploads/resumable/ID/       uploads that may be interrupted: data, info.json, lock
    drop/...                    people's own files
    work/JOB/UID/shard-00000/   tokens of one request: ids.arrow, vocabulary.arrow, manifest.json
    results/JOB/UID/            its table: words.arrow, words.csv, manifest.json
    trash/                      what the sweep is about to delete
    textmill-volume.json        the marker by which the sweep knows its own volume
"""

from __future__ import annotations

import re

UPLOADS = "uploads"
INCOMING = f"{UPLOADS}/incoming"
RESUMABLE = f"{UPLOADS}/resumable"
DROP = "drop"
WORK = "work"
RESULTS = "results"
TRASH = "trash"
TOP_FOLDERS = (UPLOADS, DROP, WORK, RESULTS, TRASH)
MARKER = "textmill-volume.json"

IDS = "ids.arrow"
VOCABULARY = "vocabulary.arrow"
TABLE_ARROW = "words.arrow"
TABLE_CSV = "words.csv"
MANIFEST = "manifest.json"

DIGEST = re.compile(r"[0-9a-f]{64}")
_OUTPUT = re.compile(r"(work|results)/[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?/[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})")


def upload(digest: str) -> str:
    """Return where content with this SHA-256 (64 lower-case hex digits) lies; ValueError for anything else."""
    if not DIGEST.fullmatch(digest):
        raise ValueError(f"not a SHA-256 in lower-case hex: {digest[:80]!r}")
    return f"{UPLOADS}/{digest[:2]}/{digest}"


def job_tokens(job: str) -> str:
    """Return the one folder that the tokenizer Job of this name writes to."""
    return f"{WORK}/{job}"


def job_results(job: str) -> str:
    """Return the one folder that the word-count Job of this name writes to."""
    return f"{RESULTS}/{job}"


def tokens(job: str, uid: str) -> str:
    """Return where a request's tokens lie, as `status.tokens.path` says it."""
    return f"{job_tokens(job)}/{uid}"


def shard(tokens_path: str, index: int) -> str:
    """Return the folder of one shard (from 0) beneath a request's tokens."""
    return f"{tokens_path}/shard-{index:05d}"


def table(job: str, uid: str) -> str:
    """Return where a request's full table lies, as `status.result.table.path` says it."""
    return f"{job_results(job)}/{uid}"


def is_output(path: str) -> bool:
    """Tell whether a path read from a status is one that `tokens` or `table` could have made."""
    return _OUTPUT.fullmatch(path) is not None
