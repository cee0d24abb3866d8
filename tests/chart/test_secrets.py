"""A Secret that an example or a page has people make is one that the base lets the operator read, and no other."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from checks.tree import ROOT
from textmill.names import NOTIFY_SECRET

EXAMPLES = sorted((ROOT / "k8s" / "examples").glob("*.yaml"))
PAGE = ROOT / "docs" / "webhooks.md"
MADE = re.compile(r"kubectl create secret generic ([\w.-]+)")


def allowed() -> set[str]:
    """Return the Secrets that the operator's Role in the base lets it get."""
    objects = [one for one in yaml.safe_load_all((ROOT / "k8s" / "operator.yaml").read_text("utf-8")) if one]
    rules = [rule for one in objects if one["kind"] == "Role" for rule in one["rules"]]
    return {name for rule in rules if "secrets" in rule["resources"] for name in rule["resourceNames"]}


def named(found: Any) -> set[str]:
    """Return the Secrets that a request, or a part of one, refers to."""
    if isinstance(found, list):
        return set().union(*map(named, found))
    if not isinstance(found, dict):
        return set()
    own = {found["secretRef"]["name"]} if "secretRef" in found else set()
    return own.union(*map(named, found.values()))


def test_base_allows_the_secret_of_requests_over_http_alone() -> None:
    assert allowed() == {NOTIFY_SECRET}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: str(path.stem))
def test_example_has_people_make_only_secrets_that_it_names_and_the_base_allows(path: Path) -> None:
    text = path.read_text("utf-8")
    secrets = named(list(yaml.safe_load_all(text)))
    assert secrets <= allowed()
    assert set(MADE.findall(text)) == secrets


def test_an_example_names_a_secret() -> None:
    assert set().union(*(named(list(yaml.safe_load_all(path.read_text("utf-8")))) for path in EXAMPLES))


def test_page_on_notifications_names_no_other_secret() -> None:
    text = PAGE.read_text("utf-8")
    blocks = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]
    rules = [rule for block in blocks if isinstance(block, list) for rule in block]
    assert set(MADE.findall(text)) | named(blocks) == allowed()
    assert [set(rule["resourceNames"]) for rule in rules] == [allowed()]
