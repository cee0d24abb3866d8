"""The operator's settings: each declared once, read from the environment at start and nowhere else.

A variable is TEXTMILL_ and the name in capitals. A value that cannot be used stops the start with a sentence
that says so.
"""

from __future__ import annotations

import json
import logging
import math
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from textmill import names
from textmill.limits import Limits
from textmill.manifests import Site
from textmill.quantities import size
from textmill_operator.errors import Misconfigured
from textmill_operator.outside import Network, networks

PREFIX = "TEXTMILL_"
YEAR = 365 * 86_400
"""The most seconds of any setting: times beyond what a calendar or a system call holds would stop the work later."""


@dataclass(frozen=True)
class Setting:
    """One setting: its default (whose type is the setting's), what it is for, and between which numbers it may be."""

    default: str | int | float
    help: str
    least: float = 0
    most: float = 1 << 60


SETTINGS: dict[str, Setting] = {
    "NAMESPACE": Setting("default", "Namespace of the operator's Lease, and the one served where NAMESPACES is empty."),
    "NAMESPACES": Setting("", "Namespaces served: a comma-separated list, or * for all."),
    "IMAGE": Setting("localhost/textmill:0.1.0", "Image of the worker pods."),
    "CLAIM": Setting("textmill-data", "Name of the PersistentVolumeClaim in each namespace."),
    "VOLUME": Setting(
        "/var/lib/textmill/volume", "Where worker pods mount the claim (on the laptop the host's folder)."
    ),
    "SCRATCH": Setting(
        "/var/lib/textmill/scratch", "Folder beneath which ConfigMap inputs are mounted in worker pods."
    ),
    "MAX_PODS": Setting(Limits.pods, "Worker pods at once over all namespaces.", least=1),
    "NAMESPACE_PODS": Setting(
        Limits.namespace_pods, "Worker pods at once of one namespace; 0 sets no bound but MAX_PODS."
    ),
    "BATCH_MEMBERS": Setting(
        Limits.batch_members, "Requests that may share a pod; 1 turns batching off.", least=1, most=200
    ),
    "SMALL_BYTES": Setting(Limits.small_bytes, "Inputs up to this many bytes share a pod."),
    "SHARD_BYTES": Setting(Limits.shard_bytes, "Inputs of more bytes are cut into shards of about this size.", least=1),
    "SHARD_PODS": Setting(Limits.shard_pods, "Pods of one sharded request at once.", least=1),
    "GATHER_SECONDS": Setting(
        Limits.gather, "How long small inputs that do not fill a pod wait for more while two pods start; 0 never."
    ),
    "RETRY_SECONDS": Setting(Limits.retry_delay, "Delay before the first retry; it doubles with each."),
    "POD_GRACE_SECONDS": Setting(Limits.pod_grace, "How long a Job may have no pod before its events are read."),
    "PODLESS_SECONDS": Setting(
        Limits.podless_grace, "How long a Job may get no pod before it is given up and its requests queue again."
    ),
    "IMAGE_GRACE_SECONDS": Setting(Limits.image_grace, "How long an image may fail to be pulled."),
    "CLAIM_GRACE_SECONDS": Setting(Limits.claim_grace, "How long the claim may be missing."),
    "INPUT_GRACE_SECONDS": Setting(
        Limits.input_grace, "How long a file, a ConfigMap or an upload may be missing before the request fails."
    ),
    "VOLUME_GRACE_SECONDS": Setting(
        Limits.volume_grace, "How long the volume may be full or in trouble before a try counts as an attempt."
    ),
    "LOG_PATIENCE_SECONDS": Setting(
        Limits.log_patience,
        "How long the log of a pod that ended well may be unreadable; then it is done again.",
    ),
    "TERMINATING_GRACE_SECONDS": Setting(
        Limits.terminating_grace,
        "How long a deleted pod may stay after its time before it counts as lost.",
    ),
    "KEEP_FAILED_SECONDS": Setting(
        Limits.keep_failed, "How long a Job that failed stays, so that its log can be read."
    ),
    "PROGRESS_SECONDS": Setting(
        Limits.progress_every,
        "How long a pod runs before its log is looked at for progress, and how often then; 0 never.",
    ),
    "NOTIFY_NETWORKS": Setting(
        "", "Networks that notifications may go to though they are not public, comma-separated, such as 10.0.0.0/8."
    ),
    "NOTIFY_ATTEMPTS": Setting(Limits.notify_attempts, "How often a notification is tried.", least=1, most=1000),
    "NOTIFY_SECONDS": Setting(
        Limits.notify_delay, "Pause after its first failure; it doubles with each, up to an hour."
    ),
    "NOTIFY_TIMEOUT_SECONDS": Setting(Limits.notify_timeout, "How long a receiver may take to answer.", least=0.1),
    "EXPANDED_BYTES": Setting(Site.expanded_bytes, "What one compressed input may expand to.", least=1),
    "EXPANSION_RATIO": Setting(
        Site.expansion_ratio, "To how many times its size it may expand, once that is past 64 MiB.", least=1
    ),
    "DOCUMENT_BYTES": Setting(Site.document_bytes, "Size of a PDF, DOCX, EPUB or HTML that is read.", least=1),
    "DOCUMENT_SECONDS": Setting(Site.document_seconds, "CPU time that reading one of them may take.", least=1),
    "DOCUMENT_MEMORY_BYTES": Setting(
        Site.document_memory, "Memory that reading one may take, within the worker's limit.", least=1
    ),
    "WORKER_KEEP_FREE_BYTES": Setting(
        Site.keep_free, "Room on the volume that workers leave to others where they write more than a few megabytes."
    ),
    "WORKER_MEMORY_BYTES": Setting(Site.memory, "Memory limit of a worker container.", least=Site.memory_request),
    "WORKER_CPU": Setting(Site.cpu_request, "CPU that a worker container requests."),
    "WORKER_USER": Setting(
        10001, "User, group and fsGroup of worker pods; 0 leaves them to the cluster.", most=(1 << 31) - 1
    ),
    "WORKER_AFFINITY": Setting(
        "", "JSON of the worker pods' affinity, such as the one that a ReadWriteOnce claim needs."
    ),
    "PULL_POLICY": Setting(Site.pull_policy, "imagePullPolicy of worker pods."),
    "PULL_SECRETS": Setting("", "Names of imagePullSecrets, comma-separated."),
    "IDENTITY": Setting("", "Name under which the Lease is held; the host's name where empty."),
    "LEASE": Setting(names.LEASE, "Name of the Lease."),
    "LEASE_SECONDS": Setting(15.0, "How long the Lease holds without being renewed.", least=0.1, most=3600),
    "AUDIT_SECONDS": Setting(60.0, "How often the watch's picture is compared with full lists.", least=0.1),
    "TTL_SECONDS": Setting(
        60.0, "How often finished requests are searched for those past their time to live.", least=0.1
    ),
    "HEALTH_ADDRESS": Setting("127.0.0.1:8081", "Address of /healthz, /readyz and /metrics; port 0 takes a free one."),
    "TRACES": Setting("off", "Where spans go: off, or otlp, which OpenTelemetry's own variables configure."),
    "LOG_LEVEL": Setting("INFO", "Least level that is logged."),
}


@dataclass(frozen=True)
class Settings:
    """The values in force."""

    values: Mapping[str, Any]

    @classmethod
    def read(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Read every setting; Misconfigured names the variable that cannot be used."""
        values: dict[str, Any] = {}
        for name, setting in SETTINGS.items():
            text = environ.get(PREFIX + name, "")
            values[name] = _value(name, setting, text) if text else setting.default
        found = cls(values)
        _ = found.site, found.health_address, found.notify_networks
        if values["TRACES"] not in ("off", "otlp"):
            raise Misconfigured(f"{PREFIX}TRACES={values['TRACES']!r} is neither off nor otlp")
        if values["LOG_LEVEL"].upper() not in logging.getLevelNamesMapping():
            raise Misconfigured(f"{PREFIX}LOG_LEVEL={values['LOG_LEVEL']!r} is no level, such as INFO or WARNING")
        return found

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    @property
    def namespaces(self) -> tuple[str, ...]:
        """Return the namespaces to serve; empty for all."""
        listed = self["NAMESPACES"] or self["NAMESPACE"]
        return () if listed.strip() == "*" else _words(listed)

    @property
    def identity(self) -> str:
        """Return the name under which the Lease is held: unique to this process unless set."""
        return str(self["IDENTITY"] or f"{socket.gethostname()}-{os.getpid()}")

    @property
    def health_address(self) -> tuple[str | None, int]:
        """Return host and port of the health server; no host means every interface."""
        host, colon, port = self["HEALTH_ADDRESS"].rpartition(":")
        if not colon or not port.isdecimal() or int(port) > 65535:
            raise Misconfigured(f"{PREFIX}HEALTH_ADDRESS={self['HEALTH_ADDRESS']!r} is no host:port")
        return host.strip("[]") or None, int(port)

    @property
    def notify_networks(self) -> tuple[Network, ...]:
        """Return the networks that are allowed to notifications though they are not public."""
        return networks(self["NOTIFY_NETWORKS"])

    @property
    def limits(self) -> Limits:
        """Return the planner's limits."""
        return Limits(
            pods=self["MAX_PODS"],
            namespace_pods=self["NAMESPACE_PODS"],
            batch_members=self["BATCH_MEMBERS"],
            small_bytes=self["SMALL_BYTES"],
            shard_bytes=self["SHARD_BYTES"],
            shard_pods=self["SHARD_PODS"],
            gather=self["GATHER_SECONDS"],
            retry_delay=self["RETRY_SECONDS"],
            pod_grace=self["POD_GRACE_SECONDS"],
            podless_grace=self["PODLESS_SECONDS"],
            image_grace=self["IMAGE_GRACE_SECONDS"],
            claim_grace=self["CLAIM_GRACE_SECONDS"],
            input_grace=self["INPUT_GRACE_SECONDS"],
            volume_grace=self["VOLUME_GRACE_SECONDS"],
            log_patience=self["LOG_PATIENCE_SECONDS"],
            terminating_grace=self["TERMINATING_GRACE_SECONDS"],
            keep_failed=self["KEEP_FAILED_SECONDS"],
            progress_every=self["PROGRESS_SECONDS"],
            notify_attempts=self["NOTIFY_ATTEMPTS"],
            notify_timeout=self["NOTIFY_TIMEOUT_SECONDS"],
            notify_delay=self["NOTIFY_SECONDS"],
        )

    @property
    def site(self) -> Site:
        """Return what worker pods are made with."""
        try:
            affinity = json.loads(self["WORKER_AFFINITY"] or "{}")
        except ValueError as error:
            raise Misconfigured(f"{PREFIX}WORKER_AFFINITY is no JSON: {error}") from error
        if not isinstance(affinity, dict):
            raise Misconfigured(f"{PREFIX}WORKER_AFFINITY={affinity!r} is no JSON object")
        return Site(
            image=self["IMAGE"],
            claim=self["CLAIM"],
            volume_root=self["VOLUME"].rstrip("/"),
            scratch_root=self["SCRATCH"].rstrip("/"),
            memory=self["WORKER_MEMORY_BYTES"],
            expanded_bytes=self["EXPANDED_BYTES"],
            expansion_ratio=self["EXPANSION_RATIO"],
            document_bytes=self["DOCUMENT_BYTES"],
            document_seconds=self["DOCUMENT_SECONDS"],
            document_memory=self["DOCUMENT_MEMORY_BYTES"],
            keep_free=self["WORKER_KEEP_FREE_BYTES"],
            cpu_request=self["WORKER_CPU"],
            user=self["WORKER_USER"] or None,
            affinity=affinity,
            pull_policy=self["PULL_POLICY"],
            pull_secrets=_words(self["PULL_SECRETS"]),
        )


def _value(name: str, setting: Setting, text: str) -> str | int | float:
    kind = type(setting.default)
    quantity = name.endswith("_BYTES")
    try:
        value = size(text) if quantity else kind(text)
    except ValueError as error:
        wanted = "number of bytes, such as 536870912 or 512Mi" if quantity else kind.__name__
        raise Misconfigured(f"{PREFIX}{name}={text!r} is no {wanted}. {setting.help}") from error
    if isinstance(value, str):
        return value
    if not setting.least <= value < math.inf:
        raise Misconfigured(f"{PREFIX}{name}={text!r} must be a number of at least {setting.least}. {setting.help}")
    most = min(setting.most, YEAR) if name.endswith("_SECONDS") else setting.most
    if value > most:
        raise Misconfigured(f"{PREFIX}{name}={text!r} must be a number of at most {most}. {setting.help}")
    return value


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())
