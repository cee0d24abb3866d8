"""Reading a kubeconfig: the server's address, and how to show who we are.

The same file that kubectl reads, with what the parts need of it: certificate data inline or in files, a
client certificate or a token inline or in a file. Exec plugins and auth providers are refused rather than
passed over. It opens files and nothing else; `local.client` speaks to the server.
"""

import base64
import os
import ssl
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from local.errors import KubeconfigInvalid
from local.objects import Json

_UNSUPPORTED = ("exec", "auth-provider", "username", "password")


@dataclass(frozen=True)
class Access:
    """Where the API server is and what to send it."""

    server: str
    namespace: str = "default"
    headers: Mapping[str, str] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None


def load(path: Path) -> Access:
    """Read the current context of a kubeconfig."""
    try:
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        hint = "give the file that the API server wrote, by --kubeconfig or KUBECONFIG"
        raise KubeconfigInvalid(f"cannot read the kubeconfig {path}: {error.strerror}", hint) from error
    except yaml.YAMLError as error:
        raise KubeconfigInvalid(f"the kubeconfig {path} is not YAML: {error}") from error
    if not isinstance(config, dict):
        raise KubeconfigInvalid(f"the kubeconfig {path} holds no mapping")
    context = _entry(config, "contexts", "context", str(config.get("current-context") or ""), path)
    cluster = _entry(config, "clusters", "cluster", str(context.get("cluster") or ""), path)
    user = _entry(config, "users", "user", str(context["user"]), path) if context.get("user") else {}
    refused = [name for name in _UNSUPPORTED if user.get(name)]
    if refused:
        hint = "use a token or a client certificate"
        raise KubeconfigInvalid(f"the kubeconfig {path} authenticates by {refused[0]}, which is not supported", hint)
    server = str(cluster.get("server") or "").rstrip("/")
    if not server.startswith(("http://", "https://")):
        raise KubeconfigInvalid(f"the kubeconfig {path} names no server: {server!r}")
    return Access(
        server=server,
        namespace=str(context.get("namespace") or "default"),
        headers=_headers(user, path),
        tls=_tls(cluster, user, path) if server.startswith("https://") else None,
    )


def _entry(config: Json, group: str, kind: str, name: str, path: Path) -> Json:
    for entry in config.get(group) or []:
        if entry.get("name") == name:
            found: Json = entry.get(kind) or {}
            return found
    raise KubeconfigInvalid(f"the kubeconfig {path} has no {kind} named {name!r}")


def _headers(user: Json, path: Path) -> dict[str, str]:
    token = str(user.get("token") or "")
    if not token and user.get("tokenFile"):
        token = _beside(path, str(user["tokenFile"])).read_text(encoding="utf-8").strip()
    return {"Authorization": f"Bearer {token}"} if token else {}


def _tls(cluster: Json, user: Json, path: Path) -> ssl.SSLContext:
    authority = _bytes(cluster, "certificate-authority", path)
    context = ssl.create_default_context(cadata=authority.decode() if authority else None)
    if cluster.get("insecure-skip-tls-verify"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    certificate, key = _bytes(user, "client-certificate", path), _bytes(user, "client-key", path)
    if certificate and key:
        _load_pair(context, certificate, key)
    return context


def _load_pair(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    """Hand a client certificate to OpenSSL, which takes it from a file only."""
    handle, name = tempfile.mkstemp()
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(certificate + b"\n" + key)
        context.load_cert_chain(name)
    finally:
        Path(name).unlink()


def _bytes(entry: Json, name: str, path: Path) -> bytes:
    inline: Any = entry.get(f"{name}-data")
    if inline:
        return base64.b64decode(inline)
    if entry.get(name):
        return _beside(path, str(entry[name])).read_bytes()
    return b""


def _beside(path: Path, name: str) -> Path:
    """Relative paths in a kubeconfig are relative to the file."""
    return path.parent / name
