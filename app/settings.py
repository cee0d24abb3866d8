"""Every setting of this room, declared once: name, type, default and the sentence for the docs.

Settings come from the environment; tests pass the same names in a mapping. Nothing else in `app/` reads the
environment, so `docs/api.md` can be tested against this one table. A value that cannot be read stops the start with
its name in the message: a wrong limit noticed at the first upload would be too late.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any

from app import setting_values as reading
from app.setting_values import KUBERNETES, OFF, OTLP
from textmill import names

__all__ = ["KUBERNETES", "OFF", "OTLP", "BadSetting", "Settings", "table"]


class BadSetting(Exception):
    """A setting's value cannot be read."""

    def __init__(self, name: str, value: object, wanted: str) -> None:
        super().__init__(f"{name}={value!r}: {wanted}")


def _setting(name: str, default: str, read: Callable[[str], Any], text: str) -> Any:
    return field(
        default_factory=lambda: read(default), metadata={"name": name, "default": default, "read": read, "help": text}
    )


@dataclass(frozen=True)
class Settings:
    """What the room was told; `load` reads it, `table` lists it."""

    volume: Path = _setting("TEXTMILL_VOLUME", ".textmill/volume", Path, "Where the shared volume is mounted.")
    namespace: str = _setting(
        "TEXTMILL_NAMESPACE", "default", str, "The one namespace whose requests this API serves: that of its claim."
    )
    claim: str = _setting("TEXTMILL_CLAIM", "textmill-data", str, "The claim's name; noted in the volume's marker.")
    kubeconfig: str = _setting(
        "KUBECONFIG", "", str, "The Kubernetes configuration; left empty, the pod's own or else `~/.kube/config`."
    )
    lease: str = _setting(
        "TEXTMILL_LEASE", names.LEASE, str, "Name of the operator's Lease in that namespace; it tells who leads."
    )
    max_upload_bytes: int = _setting(
        "TEXTMILL_MAX_UPLOAD_BYTES", "100Gi", reading.size, "The largest file that is taken; anything above gets 413."
    )
    stall_seconds: float = _setting(
        "TEXTMILL_STALL_SECONDS",
        "60",
        reading.positive,
        "How long an upload may stand still before it is given up with 408.",
    )
    resume_seconds: float = _setting(
        "TEXTMILL_RESUME_SECONDS", "86400", reading.seconds, "How long a resumable upload is kept after its last piece."
    )
    min_rate: int = _setting(
        "TEXTMILL_MIN_RATE",
        "256",
        reading.size,
        "Bytes a second that an upload must bring after that time; 0 asks for none.",
    )
    head_seconds: float = _setting(
        "TEXTMILL_HEAD_SECONDS",
        "20",
        reading.positive,
        "How long the head of a request may take to come, before it is given up.",
    )
    keep_free: int = _setting(
        "TEXTMILL_KEEP_FREE_BYTES",
        "64Mi",
        reading.size,
        "Room on the volume that uploads leave to the work on them; below it they get 507.",
    )
    queue_requests: int = _setting(
        "TEXTMILL_QUEUE_REQUESTS",
        "0",
        reading.whole(0),
        "Unfinished requests in the namespace at which more get 429; 0 is no limit.",
    )
    queue_bytes: int = _setting(
        "TEXTMILL_QUEUE_BYTES", "0", reading.size, "Bytes of their content at which more get 507; 0 is no limit."
    )
    queue_seconds: float = _setting(
        "TEXTMILL_QUEUE_SECONDS",
        "5",
        reading.seconds,
        "How old the count of unfinished requests may be; 0 counts for each upload.",
    )
    client_uploads: int = _setting(
        "TEXTMILL_CLIENT_UPLOADS",
        "0",
        reading.whole(0),
        "Uploads that one client may have running at a replica; 0 is no limit.",
    )
    rate_limit: str = _setting(
        "TEXTMILL_RATE_LIMIT",
        "",
        reading.rates,
        "How often one client may ask, as in `600 per minute`; empty is no limit.",
    )
    rate_uploads: str = _setting(
        "TEXTMILL_RATE_UPLOADS",
        "",
        reading.rates,
        "How often one client may begin an upload or make a request of stored content; empty is no limit.",
    )
    rate_storage: str = _setting(
        "TEXTMILL_RATE_STORAGE",
        "memory://",
        str,
        "Where the rates are counted: in this process, or as `redis://HOST:PORT` for several replicas.",
    )
    trusted_proxies: int = _setting(
        "TEXTMILL_TRUSTED_PROXIES",
        "0",
        reading.whole(0),
        "Proxies in front whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.",
    )
    cluster_timeout: float = _setting(
        "TEXTMILL_CLUSTER_TIMEOUT", "5", reading.positive, "Seconds to wait for one answer of the Kubernetes API."
    )
    retry_after: int = _setting(
        "TEXTMILL_RETRY_AFTER", "5", reading.whole(0), "Seconds that `Retry-After` names where nothing better is known."
    )
    ready_cache_seconds: float = _setting(
        "TEXTMILL_READY_CACHE_SECONDS", "1", reading.seconds, "How long one answer of `/readyz` is used again."
    )
    allowed_hosts: tuple[str, ...] = _setting(
        "TEXTMILL_ALLOWED_HOSTS",
        "localhost,127.0.0.1,[::1]",
        reading.names,
        "Host names (without port, comma separated) that requests may be addressed to; `*` allows any.",
    )
    auth: str = _setting(
        "TEXTMILL_AUTH",
        OFF,
        reading.mode,
        "Who may ask: `off` lets everybody, `kubernetes` asks the cluster about each token.",
    )
    auth_audiences: tuple[str, ...] = _setting(
        "TEXTMILL_AUTH_AUDIENCES",
        "",
        reading.names,
        "Audiences that a token must be meant for; empty leaves it to the cluster.",
    )
    auth_cache_seconds: float = _setting(
        "TEXTMILL_AUTH_CACHE_SECONDS",
        "10",
        reading.seconds,
        "How long the cluster's answer about a token or a right holds.",
    )
    link_key_file: str = _setting(
        "TEXTMILL_LINK_KEY_FILE", "", str, "File of the keys for links to results, one a line; empty makes none."
    )
    link_max_seconds: int = _setting(
        "TEXTMILL_LINK_MAX_SECONDS", "604800", reading.whole(1), "The longest that a link to a result may live."
    )
    traces: str = _setting(
        "TEXTMILL_TRACES",
        OFF,
        reading.traces,
        "Where spans go: `off`, or `otlp`, which OpenTelemetry's own variables configure.",
    )
    listen: str = _setting(
        "TEXTMILL_LISTEN", "127.0.0.1:5000", str, "Address and port that gunicorn binds to; `:5000` is every address."
    )
    health_listen: str = _setting(
        "TEXTMILL_HEALTH_LISTEN", "", str, "Address and port of a listener for probes alone, as above; empty is none."
    )
    threads: int = _setting(
        "TEXTMILL_THREADS", "64", reading.whole(1), "Requests worked on at once; slow clients need none."
    )
    stream_places: int | None = _setting(
        "TEXTMILL_STREAMS",
        "",
        reading.places,
        "Event streams and long polls at the same time, fewer than the threads above; empty is half of them.",
    )
    heartbeat_seconds: float = _setting(
        "TEXTMILL_HEARTBEAT_SECONDS",
        "15",
        reading.positive,
        "How often a quiet event stream says that it is still there.",
    )
    drop_seconds: float = _setting(
        "TEXTMILL_DROP_SECONDS", "30", reading.positive, "How long a client may read nothing before it is dropped."
    )
    stop_seconds: int = _setting(
        "TEXTMILL_STOP_SECONDS", "30", reading.whole(0), "How long running requests may take to end after SIGTERM."
    )
    log_level: str = _setting("TEXTMILL_LOG_LEVEL", "INFO", reading.level, "The least severe level that is logged.")
    sweep_grace: float = _setting(
        "TEXTMILL_SWEEP_GRACE",
        "3600",
        reading.seconds,
        "Seconds between the sweep's two looks; younger files are left alone.",
    )
    sweep_max_share: float = _setting(
        "TEXTMILL_SWEEP_MAX_SHARE",
        "0.5",
        reading.share,
        "The share of entries that a sweep may drop where no uid is known.",
    )
    sweep_namespaces: tuple[str, ...] = _setting(
        "TEXTMILL_SWEEP_NAMESPACES",
        "",
        reading.names,
        "Further namespaces whose requests refer to this volume, for the sweep.",
    )

    @classmethod
    def load(cls, *sources: Mapping[str, Any]) -> Settings:
        """Read the settings; of several sources the first that has a name decides."""
        values: dict[str, Any] = {}
        for one in fields(cls):
            name = one.metadata["name"]
            source = next((source for source in sources if name in source), None)
            if source is not None:
                values[one.name] = _read(one, source[name])
        found = cls(**values)
        if found.streams and found.streams >= found.threads:
            wanted = f"fewer than TEXTMILL_THREADS={found.threads}, or streams leave no thread for anything else"
            raise BadSetting("TEXTMILL_STREAMS", found.streams, wanted)
        return found

    @property
    def streams(self) -> int:
        """Return how many event streams and long polls there may be."""
        return self.threads // 2 if self.stream_places is None else self.stream_places


def _read(one: Field[Any], value: object) -> Any:
    try:
        return one.metadata["read"](str(value))
    except ValueError as error:
        raise BadSetting(one.metadata["name"], value, str(error)) from error


def table() -> list[tuple[str, str, str]]:
    """Return name, default and help of every setting, in the order of their declaration."""
    return [(one.metadata["name"], one.metadata["default"], one.metadata["help"]) for one in fields(Settings)]
