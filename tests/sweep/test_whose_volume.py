"""Whose volume it is: the marker holds the namespace's uid, and says whether a list of requests can be believed."""

from __future__ import annotations

import json

import pytest

from app.cluster import Denied
from app.sweep import Rules
from app.sweeper import SweepRefused
from tests.sweep.conftest import GRACE, Mill, address

CAREFUL = Rules(grace=GRACE, max_share=0.5)
TEXTS = [b"%d" % number for number in range(30)]


def _filled(mill: Mill) -> list[str]:
    return sorted(mill.upload(text, f"r{text.decode()}") for text in TEXTS)


def _deleted(mill: Mill) -> None:
    for text in TEXTS:
        mill.cluster.delete(f"r{text.decode()}")


def _twice(mill: Mill) -> list[str]:
    done: list[str] = []
    for _ in range(2):
        mill.now += GRACE
        done = sorted(mill.sweep(rules=CAREFUL).deleted)
    return done


def test_first_sweep_notes_the_namespaces_uid(mill: Mill) -> None:
    mill.sweep()

    assert mill.tree.marker() == {
        "format": 1,
        "namespace": "default",
        "claim": "textmill-data",
        "namespaceUid": mill.cluster.uid,
    }


def test_bulk_delete_is_swept_where_the_namespace_is_the_volumes_own(mill: Mill) -> None:
    paths = _filled(mill)
    mill.sweep(rules=CAREFUL)
    _deleted(mill)

    assert _twice(mill) == paths


def test_delete_of_everything_is_swept_where_the_namespace_is_the_volumes_own(mill: Mill) -> None:
    paths = _filled(mill)
    mill.sweep(rules=CAREFUL)
    _deleted(mill)
    mill.cluster.delete("kept")

    assert _twice(mill) == sorted([*paths, address(b"kept")])


def test_share_holds_until_a_sweep_has_noted_the_uid(mill: Mill) -> None:
    _filled(mill)
    _deleted(mill)
    mill.cluster.uid = ""
    before = mill.files()

    with pytest.raises(SweepRefused, match="more than the share"):
        _twice(mill)

    assert mill.files() == before


def test_share_holds_where_the_uid_may_not_be_read(mill: Mill, monkeypatch: pytest.MonkeyPatch) -> None:
    _filled(mill)
    mill.sweep(rules=CAREFUL)
    _deleted(mill)

    def denied() -> str:
        raise Denied("namespaces is forbidden.")

    monkeypatch.setattr(mill.cluster, "namespace_uid", denied)
    with pytest.raises(SweepRefused, match="more than the share"):
        _twice(mill)


def test_another_namespace_of_that_name_is_refused(mill: Mill) -> None:
    mill.sweep()
    mill.cluster.uid = "00000000-0000-4000-8000-0000000000ff"
    mill.cluster.delete("kept")
    mill.now += 9 * GRACE

    with pytest.raises(SweepRefused, match="another namespace 'default'"):
        mill.sweep()
    assert mill.files() == [address(b"kept")]


def test_dry_run_notes_nothing(mill: Mill) -> None:
    mill.sweep(dry_run=True)

    assert "namespaceUid" not in json.loads((mill.root / "textmill-volume.json").read_text("utf-8"))
