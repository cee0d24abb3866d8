"""The software bill of materials: what Python, Debian and Rust put in is named once, and CycloneDX's schema holds."""

from __future__ import annotations

import json
import venv
from pathlib import Path

import pytest
from cyclonedx.model.bom import Bom
from cyclonedx.validation.json import JsonStrictValidator

from image import bill as command
from scripts import bill

STATUS = """\
Package: base-files
Status: install ok installed
Architecture: amd64
Version: 13.8+deb13u1
Description: files
 Version: no version

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1

Package: libc6
Status: install ok installed
Architecture: amd64
Version: 2.41-12
"""
TREE = """\
textmill-engine v0.1.0 (/opt/engine) Apache-2.0
pyo3 v0.29.0 MIT OR Apache-2.0
libc v0.2.180 MIT OR Apache-2.0
libc v0.2.180 MIT OR Apache-2.0 (*)
"""


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Return two bills of one image."""
    folder = tmp_path_factory.mktemp("image")
    venv.create(folder / "venv", symlinks=True)
    (package,) = (folder / "venv").glob("lib/*/site-packages")
    (package / "flask-3.1.3.dist-info").mkdir()
    (package / "flask-3.1.3.dist-info" / "METADATA").write_text("Metadata-Version: 2.4\nName: flask\nVersion: 3.1.3\n")
    environment = str(folder / "venv" / "bin" / "python")
    others = [*bill.debian(STATUS, 'ID=debian\nVERSION_CODENAME="trixie"'), *bill.crates(TREE)]
    first, second = bill.python(environment), bill.python(environment)
    return bill.bill("1.2.3", first, others), bill.bill("1.2.3", second, [*reversed(others)])


def test_bill_names_every_part_by_its_package_url(printed: tuple[str, str]) -> None:
    found = json.loads(printed[0])
    urls = {one.get("purl") for one in found["components"]}
    assert {
        "pkg:deb/debian/base-files@13.8%2Bdeb13u1?arch=amd64&distro=trixie",
        "pkg:deb/debian/libc6@2.41-12?arch=amd64&distro=trixie",
        "pkg:cargo/libc@0.2.180",
        "pkg:cargo/pyo3@0.29.0",
        "pkg:cargo/textmill-engine@0.1.0",
        "pkg:pypi/flask@3.1.3",
    } == urls
    assert found["metadata"]["component"] == {
        "bom-ref": "textmill",
        "name": "textmill",
        "type": "container",
        "version": "1.2.3",
    }


def test_one_image_has_one_bill(printed: tuple[str, str]) -> None:
    assert printed[0] == printed[1]


def test_what_is_no_bill_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(JsonStrictValidator, "validate_str", lambda *_: "wrong")
    with pytest.raises(ValueError, match="no CycloneDX: wrong"):
        bill.bill("1", Bom(), [])


def test_command_prints_the_bill_and_says_where_there_is_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(tmp_path / "bill") == 1
    assert "only an image has a bill" in capsys.readouterr().err
    (tmp_path / "bill").write_text("{}\n")
    assert command.main(tmp_path / "bill") == 0
    assert capsys.readouterr().out == "{}\n"
