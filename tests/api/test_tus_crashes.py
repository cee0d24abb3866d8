"""The last byte of a resumable upload, and a death around each step that follows: one request, not two, not none."""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import finishing, resumable
from app.pace import Pace
from app.piece_errors import UploadBusy
from app.room import of_application
from tests.api import tus
from tests.api.asserting import assert_problem
from tests.api.fake_cluster import FakeCluster
from tests.contract.server import until

TEXT = b"to be or not to be\n"
DIGEST = hashlib.sha256(TEXT).hexdigest()


class Died(BaseException):
    """What stands for kill -9: nothing catches it."""


def _dying(function: Callable[..., Any], call: int, *, after: bool) -> Callable[..., Any]:
    calls = 0

    def dying(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == call and not after:
            raise Died
        found = function(*arguments, **named)
        if calls == call:
            raise Died
        return found

    return dying


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    ("place", "name", "call"),
    [
        (resumable, "_write", 1),
        (resumable, "store", 1),
        (finishing, "create", 1),
        (resumable, "_write", 2),
    ],
    ids=["digest noted", "content stored", "request created", "request noted"],
)
def test_death_around_a_step_is_made_good_by_the_next_call(
    make: Callable[..., Flask],
    cluster: FakeCluster,
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    place: Any,
    name: str,
    call: int,
    after: bool,
) -> None:
    client = make().test_client()
    address = tus.begun(client, len(TEXT), Upload_Metadata=tus.metadata(filename="a.txt"))
    tus.patch(client, address, 0, TEXT[:4])
    with monkeypatch.context() as patched:
        patched.setattr(place, name, _dying(getattr(place, name), call, after=after))
        with pytest.raises(Died):
            tus.patch(client, address, 4, TEXT[4:])

    other = make()
    finishing.finish_all(of_application(other))

    told = tus.head(other.test_client(), address)
    assert told.headers["Upload-Offset"] == str(len(TEXT))
    assert [told.headers["Textmill-Request"]] == cluster.names()
    assert cluster.get(cluster.names()[0])["spec"]["input"]["upload"] == DIGEST
    assert tus.stored(root) == [DIGEST]


def test_death_amid_joining_is_made_good(
    make: Callable[..., Flask], cluster: FakeCluster, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = make().test_client()
    parts = [tus.create(client, 9, TEXT[at : at + 9], Upload_Concat="partial").headers["Location"] for at in (0, 9)]
    parts.append(tus.create(client, 1, TEXT[18:], Upload_Concat="partial").headers["Location"])
    joined = f"final;{' '.join(parts)}"
    with monkeypatch.context() as patched:
        patched.setattr(resumable.Upload, "append", _dying(resumable.Upload.append, 2, after=True))
        with pytest.raises(Died):
            tus.create(client, None, Upload_Concat=joined)

    again = tus.create(make().test_client(), None, Upload_Concat=joined)

    assert (again.status_code, again.headers["Upload-Offset"]) == (201, str(len(TEXT)))
    assert tus.stored(root) == [DIGEST]
    assert len(cluster.names()) == 1


def test_cluster_that_is_away_at_the_last_byte_costs_nothing_twice(client: FlaskClient, cluster: FakeCluster) -> None:
    address = tus.begun(client, len(TEXT))
    cluster.away()

    assert_problem(tus.patch(client, address, 0, TEXT), 503, "ClusterAway")
    assert tus.head(client, address).status_code == 503
    cluster.back()

    assert tus.head(client, address).headers["Textmill-Request"] == cluster.names()[0]


def test_start_goes_on_until_the_cluster_is_there(make: Callable[..., Flask], cluster: FakeCluster) -> None:
    application = make()
    client = application.test_client()
    whole, half = tus.begun(client, len(TEXT)), tus.begun(client, len(TEXT))
    tus.patch(client, half, 0, TEXT[:3])
    cluster.away()
    tus.patch(client, whole, 0, TEXT)
    waits: list[float] = []

    def pause(seconds: float) -> bool:
        waits.append(seconds)
        if len(waits) == 3:
            cluster.back()
        return False

    finishing.keep_finishing(of_application(application), pause)

    assert waits == [finishing.AGAIN_SECONDS] * 3
    assert len(cluster.names()) == 1


def test_content_that_went_since_is_not_made_a_request(client: FlaskClient, cluster: FakeCluster, root: Path) -> None:
    address = tus.begun(client, len(TEXT))
    cluster.away()
    tus.patch(client, address, 0, TEXT)
    cluster.back()
    (root / "uploads" / DIGEST[:2] / DIGEST).unlink()

    assert tus.head(client, address).status_code == 404
    assert cluster.names() == []


def test_content_that_has_rotten_is_replaced_by_a_resumable_upload(client: FlaskClient, root: Path) -> None:
    for _ in range(2):
        address = tus.begun(client, len(TEXT))
        tus.patch(client, address, 0, TEXT)
        stored = root / "uploads" / DIGEST[:2] / DIGEST
        assert stored.read_bytes() == TEXT
        stored.write_bytes(b"?" * len(TEXT))


def test_hash_is_made_anew_where_this_process_has_none(
    make: Callable[..., Flask], cluster: FakeCluster, root: Path
) -> None:
    here, there = make().test_client(), make().test_client()
    address = tus.begun(here, len(TEXT))
    for offset in range(len(TEXT)):
        tus.patch((here, there)[offset % 2], address, offset, TEXT[offset : offset + 1])

    assert tus.stored(root) == [DIGEST]


def test_busy_upload_is_told_so_and_its_holder_asked_to_let_go(make: Callable[..., Flask], client: FlaskClient) -> None:
    address = tus.begun(client, 9)
    identity = address.rpartition("/")[2]
    shelf = of_application(make()).shelf
    with shelf.held(identity) as upload:
        assert not upload.wanted()
        with pytest.raises(UploadBusy), shelf.held(identity, patience=0):
            pass
        assert not upload.wanted()
        assert_problem(tus.patch(client, address, 0, b"x"), 423, "UploadBusy")
        assert upload.wanted()
    with shelf.held(identity) as upload:
        assert not upload.wanted()


def test_read_that_somebody_waits_for_is_ended_and_still_answered() -> None:
    waited, quick = Pace(), Pace()
    (one, far_one), (other, far_other) = socket.socketpair(), socket.socketpair()
    with one, far_one, other, far_other:
        with waited.within(one, 3600, lambda: True) as read:
            assert one.recv(1) == b""
        with quick.within(other, 3600, lambda: False) as kept:
            far_other.sendall(b"x")
            assert other.recv(1) == b"x"
        assert [each is not None and each.dropped for each in (read, kept)] == [True, False]
        one.sendall(b"an answer")
        assert far_one.recv(20) == b"an answer"
    until(lambda: not any(each.name == "pace" for each in threading.enumerate()))
