"""A pod's log: passed through from the kubelet of the node that the pod is on.

Nothing is kept here. The kubelet's address and port come from its Node object, as in Kubernetes; it is spoken to over
plain HTTP with this server's own token, and only where the address is this machine's: the token leaves it never.
"""

import ipaddress
from typing import Any

import aiohttp
from aiohttp import web

from .codec import Body
from .errors import BadRequest, NotFound, Unavailable
from .records import Key, lookup
from .routing import Target
from .store import Store

PARAMETERS = ("follow", "previous", "sinceSeconds", "sinceTime", "timestamps", "tailLines", "limitBytes")
CONNECT_SECONDS = 5.0


class LogProxy:
    """Reads container logs of kubelets."""

    def __init__(self, store: Store, token: str) -> None:
        self._store = store
        self._headers = {"Authorization": f"Bearer {token}"}
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Let go of all connections."""
        if self._session is not None:
            await self._session.close()

    async def get(self, request: web.BaseRequest, target: Target) -> web.StreamResponse:
        """Answer GET pods/NAME/log."""
        pod = self._pod(target)
        container = _container(pod, request.query.get("container", ""))
        if not lookup(pod, "spec.nodeName"):  # nobody to ask yet, which Kubernetes takes for an empty log
            return web.Response(status=204)
        base = self._kubelet(pod["spec"]["nodeName"])
        query = {name: request.query[name] for name in PARAMETERS if request.query.get(name)}
        url = f"{base}/containerLogs/{target.namespace}/{target.name}/{container}"
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=None, connect=CONNECT_SECONDS)
            self._session = aiohttp.ClientSession(timeout=timeout, auto_decompress=False)
        try:
            async with self._session.get(url, params=query, headers=self._headers) as answer:
                return await _pass_on(request, answer)
        except aiohttp.ClientConnectorError as error:
            raise Unavailable(f"the kubelet of node {pod['spec']['nodeName']} does not answer: {error}") from error

    def _pod(self, target: Target) -> Body:
        found = self._store.get(Key("pods", target.namespace, target.name))
        if found is None:
            raise NotFound("pods", target.name)
        return found.body()

    def _kubelet(self, node: str) -> str:
        found = self._store.get(Key("nodes", "", node))
        if found is None:
            raise NotFound("nodes", node)
        body = found.body()
        addresses = [row["address"] for row in lookup(body, "status.addresses") or () if row["type"] == "InternalIP"]
        port = lookup(body, "status.daemonEndpoints.kubeletEndpoint.Port")
        if not addresses or not port:
            raise Unavailable(f"node {node} has not told its address and port")
        if not _is_loopback(addresses[0]):
            raise Unavailable(f"node {node} is at {addresses[0]}: only kubelets on this machine are asked for logs")
        return f"http://{addresses[0]}:{port}"


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _container(pod: Body, asked: str) -> str:
    spec: dict[str, Any] = pod["spec"]
    names = [row["name"] for member in ("containers", "initContainers") for row in spec.get(member) or ()]
    name = pod["metadata"]["name"]
    if not asked and len(spec.get("containers") or ()) > 1:
        raise BadRequest(f"a container name must be specified for pod {name}, choose one of: {names}")
    chosen = asked or names[0]
    if chosen not in names:
        raise BadRequest(f"container {chosen} is not valid for pod {name}")
    return str(chosen)


async def _pass_on(request: web.BaseRequest, answer: aiohttp.ClientResponse) -> web.StreamResponse:
    if answer.status >= 400:
        text = (await answer.text())[:1_000]
        raise (NotFound("logs", text) if answer.status == 404 else BadRequest(text))
    response = web.StreamResponse(headers={"Content-Type": "text/plain"})
    response.enable_chunked_encoding()
    await response.prepare(request)
    try:
        async for chunk in answer.content.iter_any():
            await response.write(chunk)
    except ConnectionError:
        pass
    return response
