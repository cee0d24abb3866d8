"""The domain may compute and may not touch the world; each way to touch it is found."""

from __future__ import annotations

import pytest

from checks import purity


@pytest.mark.parametrize(
    "source",
    [
        "import os",
        "import os.path",
        "import time",
        "import socket",
        "import urllib.request",
        "import logging",
        "from subprocess import run",
        "from urllib.request import urlopen",
        "from flask import Flask",
        "import kubernetes.client",
        "from app.settings import Settings",
        "import pathlib",
        "from pathlib import Path",
        "import random",
        "from random import choice",
        "from random import Random\nRandom()",
        "open('x')",
        "print('x')",
        "eval('1')",
        "__import__('os')",
        "from datetime import datetime\ndatetime.now()",
        "import datetime\ndatetime.datetime.utcnow()",
        "from datetime import date\nclock = date.today",
        "def late() -> None:\n    import time",
    ],
)
def test_touching_the_world_is_found(source: str) -> None:
    assert [one.path for one in purity.check("textmill/x.py", source)] == ["textmill/x.py"]


@pytest.mark.parametrize(
    "source",
    [
        "from __future__ import annotations",
        "import json, re, hashlib",
        "from collections.abc import Mapping",
        "from urllib.parse import quote",
        "import urllib.parse",
        "from pathlib import PurePosixPath",
        "from random import Random\nRandom(7)",
        "from datetime import UTC, datetime\ndatetime.fromtimestamp(0, UTC)",
        "from textmill.names import Stage",
        "import textmill.names",
        "limits.now",
        "def plan(now: float) -> float:\n    return now",
    ],
)
def test_computing_passes(source: str) -> None:
    assert list(purity.check("textmill/x.py", source)) == []


def test_listed_library_passes() -> None:
    assert list(purity.check("textmill/x.py", "from icu import segment", {"icu"})) == []


def test_problem_names_line_and_way_out() -> None:
    problem = next(iter(purity.check("textmill/x.py", "\nfrom datetime import datetime\ndatetime.now()")))
    assert str(problem) == "textmill/x.py:3: now reads the clock: take the time as an argument"
