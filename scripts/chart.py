"""`python -m scripts.chart`: writes what the chart takes from elsewhere, and the page of its values.

The CRD stands once, in k8s/crd.yaml, and the version once, in pyproject.toml; the values' sentences stand beside the
values. Helm never upgrades what lies in a chart's `crds/`, so the CRD becomes a template that is upgraded with the
release, and kept when that is uninstalled.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from checks.tree import ROOT, settings

CHART = ROOT / "charts" / "textmill"
PAGE = ROOT / "docs" / "values.md"
COMMENT = re.compile(r"^\s*# -- (.*)$")
KEY = re.compile(r"^( *)([A-Za-z]\w*):")
GUARD = """{{{{- /* Written by `python -m scripts.chart` from k8s/crd.yaml. */ -}}}}
{{{{- if .Values.crd.install }}}}
{crd}{{{{- end }}}}
"""
KEEP = "  annotations:\n    helm.sh/resource-policy: keep\n"
OPENING = """<!-- Written by `python -m scripts.chart` from charts/textmill/values.yaml. -->

# The chart's values

Set them in a file (`helm install ... --values mine.yaml`) or one by one (`--set operator.maxPods=20`). A key that is
not listed here is refused. How they go together is told in [install.md](install.md).

| value | default | meaning |
|---|---|---|
"""


class Value(NamedTuple):
    """One value: its path with dots, its default and its sentence."""

    path: str
    default: Any
    help: str


def template(crd: str) -> str:
    """Return the CRD as a template of the chart; ValueError where Helm would take a part of it for its own."""
    if "{{" in crd or "\nmetadata:\n" not in crd or "annotations:" in crd.partition("\nspec:")[0]:
        raise ValueError("k8s/crd.yaml does not fit into a template as it is")
    return GUARD.format(crd=crd.replace("\nmetadata:\n", f"\nmetadata:\n{KEEP}", 1))


def versioned(chart: str, version: str) -> str:
    """Return Chart.yaml with this version."""
    return re.sub(r"^(version|appVersion): .*$", rf"\1: {version}", chart, flags=re.MULTILINE)


def values(text: str) -> Iterator[Value]:
    """Yield every value that has a sentence, in the file's order."""
    tree = yaml.safe_load(text)
    path: list[str] = []
    said = ""
    for line in text.splitlines():
        comment, key = COMMENT.match(line), KEY.match(line)
        if comment:
            said = comment[1]
        elif key:
            path = [*path[: len(key[1]) // 2], key[2]]
            if said:
                yield Value(".".join(path), _at(tree, path), said)
            said = ""


def _at(tree: Any, path: list[str]) -> Any:
    for key in path:
        tree = tree[key]
    return tree


def _shown(default: Any) -> str:
    text = "" if default == "" else yaml.safe_dump(default, default_flow_style=True, width=1000, sort_keys=False)
    text = text.removesuffix("\n...\n").strip()
    return f"`{text}`" if text else ""


def page(found: Iterator[Value]) -> str:
    """Return the page of the values."""
    return OPENING + "".join(f"| `{one.path}` | {_shown(one.default)} | {one.help} |\n" for one in found)


def main(chart: Path = CHART, crd: Path = ROOT / "k8s" / "crd.yaml", values_page: Path = PAGE) -> int:
    """Write the three files."""
    (chart / "templates" / "crd.yaml").write_text(template(crd.read_text("utf-8")), "utf-8")
    about = chart / "Chart.yaml"
    about.write_text(versioned(about.read_text("utf-8"), settings()["project"]["version"]), "utf-8")
    values_page.write_text(page(values((chart / "values.yaml").read_text("utf-8"))), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
