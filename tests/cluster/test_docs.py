"""The page on the cluster names every variable that is read and every command that there is."""

from __future__ import annotations

import re

from cluster import __main__ as command
from cluster import places

PAGE = (places.PROGRAM / "docs" / "cluster.md").read_text("utf-8")


def test_every_variable_has_its_line() -> None:
    source = (places.PROGRAM / "cluster" / "places.py").read_text("utf-8")
    read = set(re.findall(r"TEXTMILL_[A-Z_]+", source))
    assert set(re.findall(r"^\| `(TEXTMILL_[A-Z_]+)` \|", PAGE, re.MULTILINE)) == read


def test_every_make_target_of_the_cluster_has_its_line() -> None:
    makefile = (places.PROGRAM / "Makefile").read_text("utf-8")
    ours = r"^(cluster-[a-z]+|e2e|bench-cluster|test-(?:contract|cluster|plane)):"
    targets = set(re.findall(ours, makefile, re.MULTILINE))
    assert targets == set(re.findall(r"^\| `make ([a-z0-9-]+)` \|", PAGE, re.MULTILINE))
    assert command.__doc__ is not None
    assert {"exec", "load", "control-plane"} <= set(re.findall(r"^\| `python -m cluster ([a-z-]+)", PAGE, re.MULTILINE))
