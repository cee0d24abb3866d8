"""Where things lie: the programs of the cluster in a cache that outlives clusters.

Pure: paths out of an environment. The cache is never inside the tree, so that a clean clone finds what another built.
"""

from collections.abc import Mapping
from pathlib import Path

MODULES = Path(__file__).resolve().parent / "modules"


def cache(environ: Mapping[str, str]) -> Path:
    """Return the folder of built programs: TEXTMILL_CLUSTER_CACHE, or textmill/cluster in the user's cache."""
    if given := environ.get("TEXTMILL_CLUSTER_CACHE"):
        return Path(given).absolute()
    base = environ.get("XDG_CACHE_HOME") or f"{environ.get('HOME', '/tmp')}/.cache"  # noqa: S108 - no home, no better place
    return Path(base).absolute() / "textmill" / "cluster"
