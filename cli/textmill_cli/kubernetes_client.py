"""The Kubernetes client, held to what the command line needs: plain dictionaries in and out, errors in our own kinds.

It is an extra of the wheel and slow to import, so it is imported here alone and when it is first needed. It reads the
kubeconfig as kubectl does: certificates, tokens, and programs that fetch them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

from urllib3.exceptions import HTTPError

from textmill import names
from textmill.loopback import is_loopback
from textmill_cli.connections import own_version, why
from textmill_cli.errors import CliError, Denied, FileUnusable, NotFound, NotOffered, Refused
from textmill_cli.patience import Later

SECONDS = (5.0, 30.0)
LOG_BYTES = 4 << 20
_OTHER_CLUSTER = "Check that this cluster runs, or choose another: --kubeconfig, --context; or a service: --server URL."
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")


class NameTaken(Refused):
    """There is an object of that name already."""

    reason = "NameTaken"


class Api:
    """The Kubernetes API, as the person of a kubeconfig, in one namespace."""

    Taken: ClassVar = NameTaken

    def __init__(self, file: Path | None, context: str | None, namespace: str | None) -> None:
        self._client, own = _load(file, context)
        self.namespace = namespace or own or "default"
        self.address = str(self._client.configuration.host)

    @property
    def token(self) -> str | None:
        """The bearer token of the kubeconfig's user, if it has one."""
        header = self._client.configuration.get_api_key_with_prefix("BearerToken", "authorization") or ""
        kind, _, token = header.partition(" ")
        return token if kind == "Bearer" and token else None

    def create(self, body: dict[str, Any]) -> dict[str, Any]:
        """Create a request; Taken where there is one of its name."""
        return self._json("POST", self._path(), body=body)

    def get(self, name: str) -> dict[str, Any]:
        """Return a request."""
        return self._json("GET", self._path(name))

    def delete(self, name: str) -> None:
        """Delete a request, and in the background what it owns."""
        self._json("DELETE", self._path(name), query={"propagationPolicy": "Background"})

    def page(self, fields: str, limit: int, token: str) -> dict[str, Any]:
        """Return a page of the list of requests."""
        query = {"fieldSelector": fields, "limit": limit, "continue": token}
        return self._json("GET", self._path(), query={name: value for name, value in query.items() if value})

    def events(self, uid: str) -> list[dict[str, Any]]:
        """Return the events about an object."""
        query = {"fieldSelector": f"involvedObject.uid={uid}"}
        return list(self._json("GET", self._core("events"), query=query)["items"])

    def pods(self, jobs: Sequence[str]) -> list[str]:
        """Return the names of the pods of some Jobs."""
        query = {"labelSelector": f"batch.kubernetes.io/job-name in ({','.join(jobs)})"}
        found = self._json("GET", self._core("pods"), query=query)["items"]
        return [one["metadata"]["name"] for one in found]

    def leases(self) -> list[dict[str, Any]]:
        """Return the Leases of the namespace."""
        path = f"/apis/coordination.k8s.io/v1/namespaces/{quote(self.namespace, safe='')}/leases"
        return list(self._json("GET", path)["items"])

    def log(self, pod: str) -> list[str]:
        """Return the lines of a pod's log; none where it has not begun or is gone."""
        try:
            return (
                self._call("GET", self._core(f"pods/{pod}/log"), query={"limitBytes": LOG_BYTES})
                .decode("utf-8", "replace")
                .splitlines()
            )
        except (NotFound, Refused):
            return []

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def _path(self, name: str = "") -> str:
        if name and not _NAME.fullmatch(name):
            raise NotFound(f"There is no request named {name!r}: no request can have that name.")
        path = f"/apis/{names.API_VERSION}/namespaces/{quote(self.namespace, safe='')}/{names.PLURAL}"
        return f"{path}/{quote(name, safe='')}" if name else path

    def _core(self, rest: str) -> str:
        return f"/api/v1/namespaces/{quote(self.namespace, safe='')}/{rest}"

    def _json(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        found = json.loads(self._call(method, path, **more))
        if not isinstance(found, dict):
            raise CliError(f"{self.address} sent something that is no object.")
        return found

    def _call(self, method: str, path: str, *, query: dict[str, Any] | None = None, body: Any = None) -> bytes:
        from kubernetes.client.exceptions import ApiException

        headers = {"Accept": "application/json"} | ({"Content-Type": "application/json"} if body else {})
        try:
            response = self._client.call_api(
                *self._client.param_serialize(
                    method,
                    path,
                    query_params=list((query or {}).items()),
                    header_params=headers,
                    body=body,
                    auth_settings=["BearerToken"],
                ),
                _request_timeout=SECONDS,
            )
            content = bytes(response.read())
            if 200 <= response.status < 300:
                return content
            raise _refusal(response.status, content, self.address)
        except ApiException as error:
            raise _refusal(error.status or 0, error.body or b"", self.address) from error
        except (HTTPError, OSError) as error:
            raise Later(f"No answer from {self.address} ({why(error)}).", hint=_OTHER_CLUSTER) from error


def _load(file: Path | None, context: str | None) -> tuple[Any, str | None]:
    try:
        import yaml
        from kubernetes import client, config
    except ImportError as error:
        raise NotOffered(
            "The way straight to Kubernetes is not installed.",
            reason="KubernetesMissing",
            hint="Install it: pip install '.[kubernetes]' in a checkout of Textmill, or name an address: --server URL.",
        ) from error
    settings = client.Configuration()
    settings.retries = False
    try:
        config.load_kube_config(str(file) if file else None, context, client_configuration=settings)  # type: ignore[no-untyped-call]  # untyped in there
        if is_loopback(settings.host):
            settings.proxy = None
        contexts, active = config.list_kube_config_contexts(str(file) if file else None)  # type: ignore[no-untyped-call]  # untyped in there
        chosen = next((one for one in contexts if one["name"] == context), active)
        made = client.ApiClient(settings)
        made.user_agent = f"textmill-cli/{own_version()}"
        return made, chosen["context"].get("namespace")
    except (config.ConfigException, yaml.YAMLError, OSError, ValueError, TypeError, AttributeError) as error:
        raise FileUnusable(
            f"The kubeconfig {file or config.KUBE_CONFIG_DEFAULT_LOCATION} cannot be used: {error}",
            reason="KubeconfigUnusable",
            hint="Name one with --kubeconfig FILE or KUBECONFIG; `kubectl config view` shows what is there.",
        ) from error


def _refusal(status: int, content: bytes | str, address: str) -> CliError:
    try:
        message = str(json.loads(content)["message"])
    except (ValueError, KeyError, TypeError):
        message = f"{address} answered {status}."
    if status in (401, 403):
        return Denied(message)
    if status == 404:
        if "could not find the requested resource" in message:
            return CliError("Textmill's resource is not known there.", hint="Install Textmill on this cluster first.")
        return NotFound(message)
    if status == 409:
        return NameTaken(message, hint="Choose another name, or leave it out.")
    if status in (0, 408, 429) or status >= 500:
        return Later(message)
    return Refused(message)
