"""Where things lie: programs in a cache that outlives clusters, everything else in one folder that does not.

Pure: paths out of an environment. The state folder must be on a disk that can carry overlay file systems, and
its path short: sockets lie in it, and a socket's address has at most 107 characters.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PROGRAM = Path(__file__).resolve().parents[1]
MODULES = Path(__file__).resolve().parent / "modules"


def cache(environ: Mapping[str, str]) -> Path:
    """Return the folder of built programs: TEXTMILL_CLUSTER_CACHE, or textmill/cluster in the user's cache."""
    if given := environ.get("TEXTMILL_CLUSTER_CACHE"):
        return Path(given).absolute()
    base = environ.get("XDG_CACHE_HOME") or f"{environ.get('HOME', '/tmp')}/.cache"  # noqa: S108 - no home, no better place
    return Path(base).absolute() / "textmill" / "cluster"


def state(environ: Mapping[str, str]) -> Path:
    """Return the folder of the one cluster: TEXTMILL_CLUSTER_STATE, or a place of its own beneath /var/tmp."""
    return Path(environ.get("TEXTMILL_CLUSTER_STATE") or "/var/tmp/textmill-cluster").absolute()  # noqa: S108 - made private to its owner


@dataclass(frozen=True)
class Places:
    """The folders of one cluster or control plane."""

    state: Path

    @property
    def keys(self) -> Path:
        """Keys, certificates and tokens."""
        return self.state / "keys"

    @property
    def config(self) -> Path:
        """What the parts read when they start."""
        return self.state / "config"

    @property
    def logs(self) -> Path:
        """One file a part."""
        return self.state / "logs"

    @property
    def pids(self) -> Path:
        """One file a part with the id of its process, as seen inside."""
        return self.state / "pids"

    @property
    def held(self) -> Path:
        """A file with a part's name here keeps that part from being started again."""
        return self.state / "held"

    @property
    def volumes(self) -> Path:
        """The folders behind the PersistentVolumes."""
        return self.state / "volumes"

    @property
    def containerd(self) -> Path:
        """The socket of containerd."""
        return self.state / "containerd.sock"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self.state / "kubeconfig"
