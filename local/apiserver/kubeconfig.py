"""The files that tell others how to reach the server: token, kubeconfig, ready file.

Each is written whole or not at all (a temporary name, then a rename), and those with the token in them are for the
owner's eyes only from the first byte on.
"""

import base64
import os
import pathlib
import secrets

import yaml

CLUSTER = "textmill-local"


def read_token(path: pathlib.Path) -> str:
    """The token in a file, which is made with a new one where it is missing."""
    if path.exists() and (found := path.read_text().strip()):
        return found
    token = secrets.token_urlsafe(32)
    write_private(path, token + "\n")
    return token


def write_private(path: pathlib.Path, text: str) -> None:
    """Put text in a file that only its owner can read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def kubeconfig(server: str, authority: str, token: str, namespace: str) -> str:
    """A kubeconfig with one cluster, one user, one context."""
    trusted = base64.b64encode(authority.encode()).decode()
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": CLUSTER,
            "clusters": [{"name": CLUSTER, "cluster": {"server": server, "certificate-authority-data": trusted}}],
            "users": [{"name": CLUSTER, "user": {"token": token}}],
            "contexts": [{"name": CLUSTER, "context": {"cluster": CLUSTER, "user": CLUSTER, "namespace": namespace}}],
        },
        sort_keys=False,
    )
