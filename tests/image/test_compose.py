"""compose.yaml as it is written, and the settings that podman gets for its test."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest
import yaml

from checks import tree
from image import healthy
from scripts import compose
from tests.image.conftest import Installation

WRITTEN: dict[str, Any] = yaml.safe_load((tree.ROOT / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = WRITTEN["services"]


def test_images_are_those_of_this_version() -> None:
    version = tree.settings()["project"]["version"]
    assert {one["image"] for one in SERVICES.values()} == {
        f"${{TEXTMILL_IMAGE:-localhost/textmill:{version}}}",
        f"${{TEXTMILL_PROXY_IMAGE:-localhost/textmill-proxy:{version}}}",
    }


def test_every_service_gives_up_what_it_does_not_need() -> None:
    for one in SERVICES.values():
        assert (one["read_only"], one["cap_drop"], one["restart"]) == (True, ["ALL"], "unless-stopped")
        assert one["security_opt"] == ["no-new-privileges:true"]
        assert "privileged" not in one


def test_the_proxy_alone_has_a_port_and_it_is_this_machines() -> None:
    assert {name: one.get("ports") for name, one in SERVICES.items() if "ports" in one} == {
        "proxy": ["${TEXTMILL_BIND:-127.0.0.1}:${TEXTMILL_PORT:-8443}:8443"]
    }


def test_parts_start_when_what_they_need_is_healthy() -> None:
    assert {name: one.get("depends_on") for name, one in SERVICES.items()} == {
        "cluster": None,
        "operator": {"cluster": {"condition": "service_healthy"}},
        "api": {"cluster": {"condition": "service_healthy"}},
        "sweep": {"cluster": {"condition": "service_healthy"}},
        "proxy": {"api": {"condition": "service_healthy"}},
    }
    assert {name for name, one in SERVICES.items() if "healthcheck" not in one} == {"sweep"}


def test_page_has_a_line_for_every_variable_with_its_default() -> None:
    text = (tree.ROOT / "compose.yaml").read_text("utf-8")
    page = (tree.ROOT / "docs" / "compose.md").read_text("utf-8")
    rows = re.findall(r"^\| `(TEXTMILL_\w+)` \| `([^`]*)` \|", page, re.MULTILINE)
    assert sorted(rows) == sorted(set(re.findall(r"\$\{(\w+):-([^}]*)\}", text)))


def test_podman_asks_for_no_more_than_the_machine_allows() -> None:
    assert tomllib.loads(compose.settings(1024, 1 << 40))["containers"] == {
        "default_ulimits": ["nofile=1024:1024", "nproc=16384:16384"]
    }
    assert tomllib.loads(compose.settings(1 << 40, 100))["engine"]["runtime"] == "runc"


def test_health_of_the_http_interface_is_asked_where_its_threads_do_not_count() -> None:
    api = SERVICES["api"]
    address = api["environment"]["TEXTMILL_HEALTH_LISTEN"]
    assert address.startswith("127.0.0.1:"), "nobody but the container asks there"
    asked = api["healthcheck"]["test"][5:]
    assert asked == [f"http://{address}/healthz", f"http://{address}/readyz"]


def test_health_check_passes_on_a_good_answer_alone(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    installation.answers = [{"code": 200}, {"code": 503}, {"code": 200}, {"code": 200}, {"code": 200}, {"code": 503}]
    for asked, code in ((1, 0), (1, 1), (2, 0), (2, 1)):
        assert healthy.main([installation.url] * asked) == code
    assert "503" in capsys.readouterr().err
    assert healthy.main(["http://127.0.0.1:9"]) == 1
    with pytest.raises(SystemExit):
        healthy.main(["file:///etc/passwd"])
