"""`python -m scripts.kustomize`: write `k8s/` anew from what the chart makes of its default values.

So the two ways to install cannot drift apart: the chart is written by hand, the base is what helm renders of it, less
Helm's own marks and its test. Every object names its namespace, since only then an overlay's `namespace` reaches the
subjects of role bindings, too. Helm is built from its sources, once; where there is no Go the files are left as they
are, since a generator has to run anywhere, and `make test-system` compares.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from checks.tree import ROOT
from cluster import binaries
from cluster.places import cache

CHART = ROOT / "charts" / "textmill"
BASE = ROOT / "k8s"
NAMESPACE = "textmill"
OPENING = "# Written by `python -m scripts.kustomize` from charts/textmill and its default values.\n"
MARKS = {"labels": ("app.kubernetes.io/managed-by", "helm.sh/chart"), "annotations": ("helm.sh/resource-policy",)}
PARTS = {"api": "api.yaml", "operator": "operator.yaml", "sweep": "sweep.yaml", "volume": "claim.yaml"}
COMPONENT = "app.kubernetes.io/component"

Json = dict[str, Any]


def plain(found: Any) -> Any:
    """Return an object, or a part of one, without what only Helm needs."""
    if isinstance(found, list):
        return [plain(one) for one in found]
    if not isinstance(found, dict):
        return found
    kept = {key: plain(value) for key, value in found.items()}
    for field, marks in MARKS.items():
        if isinstance(kept.get(field), dict):
            kept[field] = {key: value for key, value in kept[field].items() if key not in marks}
            if not kept[field]:
                del kept[field]
    return kept


def files(objects: Iterable[Json]) -> Mapping[str, str]:
    """Return the base's files by their names: one a part, and the kustomization that lists them."""
    found: dict[str, list[Json]] = {}
    for one in map(plain, objects):
        if one["kind"] == "CustomResourceDefinition" or "helm.sh/hook" in one["metadata"].get("annotations", {}):
            continue
        found.setdefault(PARTS[one["metadata"]["labels"][COMPONENT]], []).append(one)
    texts = {name: yaml.safe_dump_all(parts, sort_keys=False, width=1000) for name, parts in sorted(found.items())}
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": ["crd.yaml", *texts],
    }
    texts["kustomization.yaml"] = yaml.safe_dump(kustomization, sort_keys=False)
    return {name: OPENING + text for name, text in texts.items()}


def rendered() -> list[Json]:
    """Return what helm makes of the chart when nothing is set."""
    helm = binaries.build(cache(os.environ), [binaries.HELM])["helm"]
    command = [str(helm), "template", "textmill", str(CHART), f"--namespace={NAMESPACE}"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [one for one in yaml.safe_load_all(done.stdout) if one]


def main(base: Path = BASE) -> int:
    """Write the files, where helm is or can be built."""
    if not (cache(os.environ) / "bin" / binaries.HELM.key).exists() and shutil.which("go") is None:
        print("No Go here to build helm with: k8s/ is left as it is.")
        return 0
    for name, text in files(rendered()).items():
        (base / name).write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
