"""The one place that speaks to the Kubernetes API, with plain dictionaries in and out.

The client's model classes are slow and its errors leak HTTP details, so neither leaves this module: callers get
the errors of `app/cluster.py`. Each call has a short time-out and is tried once; a
caller of our API is told when to come again, so a struggling API server is never hit harder by us. The configuration
is read at the first call (the file that KUBECONFIG names, else the pod's own, else the person's), so the API starts,
and keeps uploads, while there is no cluster.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator, Mapping
from typing import Any

import urllib3.exceptions
from kubernetes import client, config
from kubernetes.client.exceptions import ApiException

from app.cluster import (
    EVENTS,
    Away,
    Body,
    ClusterError,
    Conflict,
    Denied,
    Expired,
    LeaseMissing,
    NotFound,
    Page,
    QuotaReached,
    Refused,
    Watching,
)
from app.errors import FieldInvalid
from textmill import names
from textmill.loopback import is_loopback

WATCH_SECONDS = 300
_COUNTED = f"count/{names.PLURAL}.{names.GROUP}"
_EXCEEDED = "is forbidden: exceeded quota: "
"""How the API server words a quota's refusal; its answer has no field that tells it from a missing right."""


AGENT = "textmill-api"
"""Who we are in audit logs; the API server makes it the manager of the fields that we write."""


class KubernetesCluster:
    """The cluster behind the unmodified Kubernetes client."""

    def __init__(self, namespace: str, timeout: float, kubeconfig: str = "") -> None:
        self.namespace = namespace
        self._kubeconfig = kubeconfig
        self._timeout = (min(2.0, timeout), timeout)
        self._lock = threading.Lock()
        self._client: client.CustomObjectsApi | None = None

    def create(self, body: Body) -> Body:
        """Create a request in our namespace; Conflict where the name is taken."""
        # The client sends no Content-Type on custom objects by itself, which a real API server refuses.
        return self._object(
            "create_namespaced_custom_object", body["metadata"]["name"], body=body, _content_type="application/json"
        )

    def get(self, name: str) -> Body:
        """Return a request of our namespace."""
        return self._object("get_namespaced_custom_object", name, name=name)

    def delete(self, name: str, version: str = "") -> None:
        """Delete a request of our namespace, and in the background what it owns; Conflict if not of this version."""
        guard: dict[str, Any] = {"body": {"preconditions": {"resourceVersion": version}}} if version else {}
        self._object("delete_namespaced_custom_object", name, name=name, propagation_policy="Background", **guard)

    def relabel(self, body: Body, labels: Mapping[str, str | None]) -> None:
        """Set or (None) remove labels of a request as it was read; Conflict where it has changed since."""
        meta = body["metadata"]
        guard = {name: meta[name] for name in ("uid", "resourceVersion")}
        self._object(
            "patch_namespaced_custom_object",
            meta["name"],
            namespace=meta["namespace"],
            name=meta["name"],
            body={"metadata": {**guard, "labels": dict(labels)}},
            _content_type="application/merge-patch+json",
        )

    def page(
        self, *, fields: str = "", labels: str = "", limit: int = 500, token: str = "", namespace: str | None = None
    ) -> Page:
        """Return a page of the requests of a namespace (ours by default); `fields` and `labels` are selectors."""
        wanted = {"field_selector": fields, "label_selector": labels, "_continue": token}
        given = {name: value for name, value in wanted.items() if value}
        try:
            found = self._object("list_namespaced_custom_object", "", namespace=namespace, limit=limit, **given)
        except Refused as error:
            if not token:
                raise
            raise FieldInvalid(f"continue is {token[:40]!r}; take it from the page before, as it is.") from error
        meta = found.get("metadata") or {}
        return Page(found["items"], meta.get("continue") or "", str(meta.get("resourceVersion") or ""))

    def watch(self, version: str, silence: float) -> Watching:
        """Watch our namespace's requests from a version on; Away after so many seconds without a word."""
        return _Watch(
            self._call(
                "list_namespaced_custom_object",
                "",
                watch=True,
                resource_version=version,
                allow_watch_bookmarks=True,
                timeout_seconds=WATCH_SECONDS,
                _preload_content=False,
                _request_timeout=(self._timeout[0], silence),
            )
        )

    def events(self, uid: str) -> list[Body]:
        """Return the newest events of our namespace that are about the object of this uid, at most `EVENTS`."""
        core = client.CoreV1Api(self._connected().api_client)
        with _translated(""):
            raw: Any = core.list_namespaced_event(
                self.namespace,
                field_selector=f"involvedObject.uid={uid}",
                limit=EVENTS,
                _preload_content=False,  # its model refuses events that real clusters hold
                _request_timeout=self._timeout,
            )
            return list(_json(raw.data).get("items") or ())

    def namespace_uid(self) -> str:
        """Return the uid of our namespace, which no other namespace of this or another cluster ever has."""
        core = client.CoreV1Api(self._connected().api_client)
        with _translated(""):
            raw: Any = core.read_namespace(self.namespace, _preload_content=False, _request_timeout=self._timeout)
            return str((_json(raw.data).get("metadata") or {}).get("uid") or "")

    def lease(self, name: str) -> Body:
        """Return a Lease of our namespace; LeaseMissing where there is none of that name."""
        leases = client.CoordinationV1Api(self._connected().api_client)
        how: dict[str, Any] = {"_preload_content": False, "_request_timeout": self._timeout}
        try:
            with _translated(""):
                raw: Any = leases.read_namespaced_lease(name, self.namespace, **how)
                return _json(raw.data)
        except NotFound as error:
            raise LeaseMissing(f"There is no Lease {self.namespace}/{name}.") from error

    def review(self, group: str, plural: str, body: Body) -> Body:
        """Have the API server answer a review, which it stores nowhere."""
        how: dict[str, Any] = {"_content_type": "application/json", "_request_timeout": self._timeout}
        with _translated(""):
            answer: Any = self._connected().create_cluster_custom_object(group, "v1", plural, body, **how)
        return dict(answer)

    def close(self) -> None:
        """Let go of the connections; the next call makes new ones."""
        with self._lock:
            if self._client is not None:
                self._client.api_client.close()
                self._client = None

    def _object(self, method: str, subject: str, /, *, namespace: str | None = None, **arguments: Any) -> Body:
        answer = self._call(method, subject, namespace=namespace, _request_timeout=self._timeout, **arguments)
        if not isinstance(answer, dict):
            raise Away("The Kubernetes API's answer is no object.")
        return answer

    def _call(self, method: str, subject: str, /, *, namespace: str | None = None, **arguments: Any) -> Any:
        place = namespace or self.namespace
        with _translated(subject):
            return getattr(self._connected(), method)(
                group=names.GROUP, version=names.VERSION, namespace=place, plural=names.PLURAL, **arguments
            )

    def _connected(self) -> client.CustomObjectsApi:
        with self._lock:
            if self._client is None:
                self._client = client.CustomObjectsApi(_api_client(self._kubeconfig))
            return self._client


class _Watch:
    """A watch behind the client's raw answer."""

    def __init__(self, answer: urllib3.BaseHTTPResponse) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[tuple[str, Body]]:
        rest = b""
        with _translated(""):
            for piece in self._answer.stream(1 << 16):
                *lines, rest = (rest + piece).split(b"\n")
                for line in lines:
                    yield _event(line)

    def interrupt(self) -> None:
        with contextlib.suppress(OSError, ValueError, RuntimeError):  # it has just ended by itself
            self._answer.shutdown()

    def close(self) -> None:
        self._answer.close()


def _json(data: bytes) -> Body:
    try:
        return dict(json.loads(data))
    except (ValueError, TypeError) as error:
        raise Away("The Kubernetes API's answer is no object.") from error


def _event(line: bytes) -> tuple[str, Body]:
    try:
        event = json.loads(line)
        kind, body = str(event["type"]), event["object"]
    except (ValueError, KeyError, TypeError) as error:
        raise Away("The Kubernetes API sent an event that cannot be read.") from error
    if kind == "ERROR":
        code, message = int(body.get("code") or 0), str(body.get("message") or "")[:1024]
        raise Expired(message) if code == 410 else Away(f"The watch was ended with {code}: {message}")
    return kind, body


@contextlib.contextmanager
def _translated(subject: str) -> Iterator[None]:
    try:
        yield
    except ApiException as error:
        raise _translate(error, subject) from error
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise Away(f"The Kubernetes API did not answer ({type(error).__name__}).") from error


def _api_client(kubeconfig: str) -> client.ApiClient:
    settings = client.Configuration()
    try:
        if kubeconfig:
            config.load_kube_config(kubeconfig, client_configuration=settings)  # type: ignore[no-untyped-call]  # untyped in there
        else:
            _load_without_file(settings)
    except (config.ConfigException, OSError) as error:
        raise Away(f"There is no usable configuration for the Kubernetes API: {error}") from error
    if is_loopback(settings.host):
        settings.proxy = None
    settings.retries = False
    settings.connection_pool_maxsize = 32
    made = client.ApiClient(settings)
    made.user_agent = AGENT
    return made


def _load_without_file(settings: client.Configuration) -> None:
    try:
        config.load_incluster_config(client_configuration=settings)  # type: ignore[no-untyped-call]  # untyped in there
    except config.ConfigException:  # not in a pod
        config.load_kube_config(client_configuration=settings)  # type: ignore[no-untyped-call]  # untyped in there


def _translate(error: ApiException, name: str) -> ClusterError:
    code, message = error.status or 0, _message(error)
    if code == 404:
        return NotFound(f"There is no request named {name!r}." if name else message)
    if code == 409:
        return Conflict(f"There is already a request named {name!r}.")
    if code == 410:
        return Expired("The list cannot be continued any more.")
    if code in (400, 413, 415, 422):
        return Refused(message)
    if code == 403 and _EXCEEDED in message:
        return QuotaReached(_over_quota(message))
    if code in (401, 403):
        return Denied(message)
    return Away(
        f"The Kubernetes API answered {code}: {message}" if code else f"The Kubernetes API did not answer: {message}"
    )


def _over_quota(message: str) -> str:
    """Return in words what the server tells as `exceeded quota: NAME, requested: R=1, used: R=2, limited: R=2`.

    What is missing there is left out here: its words are no interface.
    """
    name, _, rest = message.partition(_EXCEEDED)[2].partition(", ")
    _, _, limited = rest.partition("limited: ")
    most = dict(one.split("=", 1) for one in limited.split(",") if "=" in one).get(_COUNTED, "")
    allowed = f"at most {most} requests" if most.isdecimal() else "no more requests"
    return f"The namespace's ResourceQuota {name[:253]!r} allows {allowed}, finished ones included."


def _message(error: ApiException) -> str:
    try:
        return str(json.loads(error.body or "")["message"])[:1024]
    except (ValueError, KeyError, TypeError):
        return str(error.reason)[:256]
