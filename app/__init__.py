"""The room with both hands: HTTP on one side, the shared volume and the Kubernetes API on the other.

`create_app` puts the parts together and holds no state of its own, so tests make as many as they like. An upload goes
intake -> volume -> creation -> cluster; a result goes cluster -> volume -> tables. Nothing here plans or runs a Job:
the operator learns of a request only through the resource that is created.
"""

from __future__ import annotations

from app.factory import create_app

__all__ = ["create_app"]
