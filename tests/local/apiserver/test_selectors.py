"""A label selector is split at its commas, but for those between parentheses, in one pass."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from local.apiserver import selectors
from local.apiserver.errors import BadRequest


class Facts:
    """A record, as far as a selector looks at it."""

    def __init__(self, labels: Mapping[str, str]) -> None:
        self.labels = labels


@pytest.mark.parametrize(
    ("selector", "chosen"),
    [
        ("a=1,b in (x, y),!c", True),
        ("b notin (x,y),a", False),
        ("b in (y,z) , a==1,", False),
        ("a=1,b notin (y,z),n>3", True),
        ("n<4", False),
        ("a!=1", False),
    ],
)
def test_selector_chooses_by_all_of_its_requirements(selector: str, chosen: bool) -> None:
    chooses = selectors.labels(selector)
    assert chooses is not None
    assert chooses(Facts({"a": "1", "b": "x", "n": "4"})) is chosen  # type: ignore[arg-type]  # not a whole record


@pytest.mark.parametrize("selector", ["a in (b", "a in b)", "a in (b,c", "a=1\n2", "a>" + "9" * 5000, ",a b,"])
def test_selector_that_cannot_be_read_is_refused(selector: str) -> None:
    with pytest.raises(BadRequest):
        selectors.labels(selector)
