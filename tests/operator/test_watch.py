"""What kopf is told to leave out."""

from __future__ import annotations

import kopf

from textmill_operator import watch


def test_no_event_costs_a_copy_of_its_object() -> None:
    storage = watch.settings().persistence.diffbase_storage
    body = kopf.Body({"metadata": {"labels": {"a": "b"}}, "spec": {"input": {"inline": "a text"}}})
    patch = kopf.Patch()
    assert storage.fetch(body=body) is None
    assert (storage.build(body=body), storage.build(body=body, extra_fields=["spec"])) == ({}, {})
    storage.store(body=body, patch=patch, essence=storage.build(body=body))
    assert patch == {}
