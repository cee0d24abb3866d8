"""Variables in a container's arguments, as the real kubelet puts them in."""

from __future__ import annotations

import pytest

from local.kubelet.environment import expand


@pytest.mark.parametrize(
    ("text", "put_in"),
    [
        ("$(A)b$(B)", "1b$(A)"),
        ("$$(A) $(no) $", "$(A) $(no) $"),
        ("$(A", "$(A"),
        ("$$$(A)$$", "$1$"),
        ("$(()$(A)) $x", "$(()1) $x"),
        ("$(", "$("),
    ],
)
def test_references_are_put_in_once(text: str, put_in: str) -> None:
    assert expand(text, {"A": "1", "B": "$(A)"}) == put_in
