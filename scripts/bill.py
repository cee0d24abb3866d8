"""The image's software bill of materials, as CycloneDX: what Python, Debian and Rust each put into it.

Run by the Dockerfile where the image is made, beside nothing of ours, so it imports its library alone. Python's part
comes from the library's own tool, which reads the environment that goes into the image. The output depends on its
inputs alone: no clock and no random number, so that the same image has the same bill. It is checked against
CycloneDX's schema before it is written.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

VERSION = SchemaVersion.V1_6


def python(environment: str) -> Bom:
    """Return the bill of a Python environment."""
    tool = [sys.executable, "-m", "cyclonedx_py", "environment", "--output-reproducible", "--of", "JSON"]
    done = subprocess.run([*tool, "--sv", VERSION.to_version(), environment], check=True, capture_output=True)
    found = Bom.from_json(json.loads(done.stdout))  # type: ignore[attr-defined] # added by a decorator
    assert isinstance(found, Bom)  # noqa: S101 - for the type checker
    return found


def debian(status: str, release: str) -> Iterator[Component]:
    """Yield the installed packages of dpkg's status file."""
    codename = dict(line.split("=", 1) for line in release.splitlines() if "=" in line).get("VERSION_CODENAME", "")
    for entry in status.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in entry.splitlines() if ": " in line and not line.startswith(" "))
        if not fields.get("Status", "").endswith(" installed"):
            continue
        qualifiers = {"arch": fields["Architecture"], "distro": codename.strip('"')}
        url = PackageURL("deb", "debian", fields["Package"], fields["Version"], qualifiers)
        yield component(url)


def crates(tree: str) -> Iterator[Component]:
    """Yield what `cargo tree` lists, each crate once, the engine's own without a registry."""
    for line in sorted({line.removesuffix(" (*)") for line in tree.splitlines() if line.strip()}):
        name, version, *_ = line.split()
        yield component(PackageURL("cargo", None, name, version.removeprefix("v")))


def component(url: PackageURL) -> Component:
    """Return the component that a package URL names."""
    return Component(name=url.name, version=url.version, purl=url, type=ComponentType.LIBRARY, bom_ref=url.to_string())


def bill(version: str, found: Bom, others: Sequence[Component]) -> str:
    """Return the whole bill as JSON; ValueError where it is not what CycloneDX describes."""
    textmill = Component(name="textmill", version=version, type=ComponentType.CONTAINER, bom_ref="textmill")
    found.metadata.component = textmill
    found.components.update(others)
    found.register_dependency(textmill, found.components)
    found.serial_number = uuid.uuid5(uuid.NAMESPACE_URL, "".join(sorted(str(one.bom_ref) for one in found.components)))
    text = make_outputter(found, OutputFormat.JSON, VERSION).output_as_string(indent=1)
    told = json.loads(text)
    told["metadata"].pop("timestamp", None)
    text = json.dumps(told, indent=1, sort_keys=True) + "\n"
    if problem := JsonStrictValidator(VERSION).validate_str(text):
        raise ValueError(f"the bill is no CycloneDX: {problem}")
    return text


def main(arguments: Sequence[str]) -> int:
    """Print the bill of an image."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--version", required=True, help="of Textmill")
    parser.add_argument("--environment", required=True, help="the environment's Python")
    parser.add_argument("--crates", type=Path, required=True, help="what cargo tree printed")
    parser.add_argument("--packages", type=Path, required=True, help="dpkg's status file")
    parser.add_argument("--release", type=Path, required=True, help="the os-release file")
    asked = parser.parse_args(arguments)
    others = [*debian(asked.packages.read_text("utf-8"), asked.release.read_text("utf-8"))]
    others += crates(asked.crates.read_text("utf-8"))
    print(bill(asked.version, python(asked.environment), others), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
