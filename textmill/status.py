"""The shapes of `status`, as far as it is read back or taken from workers: the custom resource definition's bounds.

What passes here the API server takes; a test holds the two together. A worker's numbers have a lower bound than
the definition's, so that the sum over all shards of a request still fits. What the definition does not know is left
out, as the API server would do.
"""

from __future__ import annotations

from textmill.shapes import INT32, Shape, flag, items, record, text, whole

MEASURED = 1 << 48
"""At most so many bytes or words in one report: 256 TiB, of which 32,000 add up to an int64."""

_TIME, _DIGEST = text(64), text(64)
_JOB = record(
    ("name",), name=text(63), startedAt=_TIME, members=whole(INT32), shards=whole(INT32), parallelism=whole(INT32)
)


def _input(measure: Shape, *needed: str) -> Shape:
    return record(
        needed,
        bytes=measure,
        textBytes=measure,
        format=text(16),
        compression=text(16),
        sha256=_DIGEST,
        encoding=text(64),
        guessed=flag,
        invalidBytes=measure,
        shardable=flag,
    )


def _result(measure: Shape, *needed: str) -> Shape:
    file = record(bytes=measure, sha256=_DIGEST)
    return record(
        needed,
        bytes=measure,
        tokens=measure,
        distinctWords=measure,
        topWords=items(record(("word", "count"), word=text(256), count=measure), 100),
        table=record(path=text(256), formatVersion=whole(INT32), arrow=file, csv=file),
    )


TOLD_INPUT = _input(whole(MEASURED), "bytes")
TOLD_RESULT = _result(whole(MEASURED), "bytes", "tokens", "distinctWords", "topWords", "table")
"""What a worker reports as `status.input` and `status.result`."""
STATUS = record(
    phase=text(16, frozenset(("Pending", "Suspended", "Tokenizing", "Counting", "Succeeded", "Failed"))),
    settled=flag,
    conditions=items(
        record(
            ("type", "status", "reason", "message", "lastTransitionTime"),
            type=text(64),
            status=text(16),
            reason=text(256),
            message=text(4096),
            lastTransitionTime=_TIME,
        )
    ),
    startTime=_TIME,
    completionTime=_TIME,
    progress=record(
        percent=whole(100), bytesDone=whole(), bytesTotal=whole(), bytesPerSecond=whole(), observedAt=_TIME
    ),
    notification=record(
        attempts=whole(INT32),
        answered=whole(INT32),
        message=text(1024),
        retryAt=_TIME,
        deliveredAt=_TIME,
        gaveUpAt=_TIME,
    ),
    input=_input(whole()),
    tokens=record(("path", "shards"), path=text(256), shards=whole(INT32), count=whole()),
    jobs=record(tokenize=_JOB, count=_JOB),
    result=_result(whole()),
    starts=whole(INT32),
    attempts=whole(INT32),
    retryAt=_TIME,
    batchLimit=whole(INT32),
    waiting=record(("reason", "since", "tries"), reason=text(64), since=_TIME, tries=whole(INT32)),
)
