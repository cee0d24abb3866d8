"""Settings and their page: each variable once, each with its default, and a bad value that stops the start."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from tests.contract.server import ROOT
from tests.operator.live import command
from textmill_operator.errors import Misconfigured
from textmill_operator.metrics import Metrics
from textmill_operator.settings import PREFIX, SETTINGS, Settings

PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


def test_page_lists_every_setting_with_its_default_and_meaning() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith(f"| `{PREFIX}")]
    defaults = {name: f"`{one.default}` " if one.default != "" else "" for name, one in SETTINGS.items()}
    assert rows == [f"| `{PREFIX}{name}` | {defaults[name]}| {one.help} |" for name, one in SETTINGS.items()]


def test_page_lists_every_metric() -> None:
    found = Metrics(CollectorRegistry()).registry.collect()
    names = [one.name + ("_total" if one.type == "counter" else "") for one in found]
    assert [name for name in names if f"| `{name}` |" not in PAGE] == []


def test_defaults_hold_where_nothing_is_set() -> None:
    settings = Settings.read({})
    assert settings.namespaces == ("default",)
    assert settings.limits.batch_members == 200
    assert settings.site.memory == 512 << 20


@pytest.mark.parametrize(
    ("listed", "served"),
    [("*", ()), ("a, b", ("a", "b")), ("", ("default",))],
)
def test_namespaces_are_all_a_list_or_the_own(listed: str, served: tuple[str, ...]) -> None:
    assert Settings.read({f"{PREFIX}NAMESPACES": listed}).namespaces == served


def test_value_that_is_no_number_names_its_variable() -> None:
    with pytest.raises(Misconfigured, match=r"TEXTMILL_MAX_PODS='many' is no int"):
        Settings.read({f"{PREFIX}MAX_PODS": "many"})


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("MAX_PODS", "0", "must be a number of at least 1"),
        ("RETRY_SECONDS", "-1", "must be a number of at least 0"),
        ("LEASE_SECONDS", "nan", "must be a number of at least 0.1"),
        ("AUDIT_SECONDS", "inf", "must be a number"),
        ("WORKER_MEMORY_BYTES", str((64 << 20) - 1), "must be a number of at least 67108864"),
        ("WORKER_MEMORY_BYTES", "512m", "is no number of bytes, such as 536870912 or 512Mi"),
        ("WORKER_USER", str(1 << 31), "must be a number of at most 2147483647"),
        ("AUDIT_SECONDS", "1e10", "must be a number of at most 31536000"),
        ("LEASE_SECONDS", "1e10", "must be a number of at most 3600"),
        ("NOTIFY_SECONDS", "1e300", "must be a number of at most 31536000"),
        ("NOTIFY_ATTEMPTS", "2000", "must be a number of at most 1000"),
        ("DOCUMENT_MEMORY_BYTES", str(1 << 63), "must be a number of at most 1152921504606846976"),
        ("WORKER_AFFINITY", "[]", "is no JSON object"),
        ("HEALTH_ADDRESS", "8081", "is no host:port"),
        ("HEALTH_ADDRESS", "localhost:http", "is no host:port"),
        ("LOG_LEVEL", "loud", "is no level"),
    ],
)
def test_value_that_cannot_be_used_names_its_variable(name: str, text: str, complaint: str) -> None:
    with pytest.raises(Misconfigured, match=f"TEXTMILL_{name}=.*{complaint}"):
        Settings.read({PREFIX + name: text})


@pytest.mark.parametrize(
    ("text", "memory"),
    [("536870912", 512 << 20), ("512Mi", 512 << 20), ("1.5Gi", 3 << 29), ("0.5G", 500_000_000), ("80000k", 80_000_000)],
)
def test_bytes_are_a_number_or_a_quantity(text: str, memory: int) -> None:
    assert Settings.read({f"{PREFIX}WORKER_MEMORY_BYTES": text}).site.memory == memory


@pytest.mark.parametrize(
    ("text", "address"),
    [(":80", (None, 80)), ("[::1]:0", ("::1", 0)), ("127.0.0.1:8081", ("127.0.0.1", 8081))],
)
def test_health_address_is_host_and_port(text: str, address: tuple[str | None, int]) -> None:
    assert Settings.read({f"{PREFIX}HEALTH_ADDRESS": text}).health_address == address


@pytest.mark.parametrize(
    ("environment", "complaint"),
    [
        ({"TEXTMILL_MAX_PODS": "many"}, "Misconfigured: TEXTMILL_MAX_PODS='many' is no int."),
        ({"KUBECONFIG": "nowhere"}, "Misconfigured: the credentials cannot be read: FileNotFoundError"),
    ],
)
def test_start_that_cannot_succeed_says_why_in_one_line(
    environment: dict[str, str], complaint: str, tmp_path: Path
) -> None:
    started, given = command(tmp_path / "none")
    found = subprocess.run(
        started, cwd=ROOT, env=given | environment, capture_output=True, text=True, timeout=60, check=False
    )
    (line,) = found.stderr.splitlines()
    assert json.loads(line)["message"].startswith(complaint)
    assert (found.returncode, found.stdout) == (1, "")


def test_help_lists_every_setting(tmp_path: Path) -> None:
    started, given = command(tmp_path / "none")
    found = subprocess.run(
        [*started, "--help"], cwd=ROOT, env=given, capture_output=True, text=True, timeout=60, check=True
    )
    assert [name for name in SETTINGS if f"  {PREFIX}{name} [" not in found.stdout] == []


def test_affinity_that_is_no_json_names_its_variable() -> None:
    with pytest.raises(Misconfigured, match="TEXTMILL_WORKER_AFFINITY is no JSON"):
        _ = Settings.read({f"{PREFIX}WORKER_AFFINITY": "{"}).site


def test_user_zero_leaves_the_user_to_the_cluster() -> None:
    assert Settings.read({f"{PREFIX}WORKER_USER": "0"}).site.user is None
