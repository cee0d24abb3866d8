"""The operator's own client against a small server: every answer is an error of ours, and tokens are read anew."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from textmill_operator.api import Api, in_namespace
from textmill_operator.errors import ApiError, Away, Conflict, Forbidden, Misconfigured, NotFound, Refused


@dataclass
class Server:
    """A server that answers what a test wants, and keeps what it was asked."""

    kubeconfig: Path
    answers: list[web.Response] = field(default_factory=list)
    asked: list[tuple[str, str, str, str]] = field(default_factory=list)
    arrived: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    hangs: asyncio.Event | None = None
    port: int = 0

    async def handle(self, request: web.Request) -> web.Response:
        """Give the next answer, an empty object where none is left."""
        body = await request.text()
        self.asked.append((request.method, request.path_qs, request.headers.get("Authorization", ""), body))
        self.arrived.release()
        if self.hangs:
            await self.hangs.wait()
        return self.answers.pop(0) if self.answers else web.json_response({})

    def know(self, token: str) -> None:
        """Write the kubeconfig with a token."""
        parts = {
            "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{self.port}/"}}],
            "users": [{"name": "u", "user": {"token": token}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        }
        self.kubeconfig.write_text(json.dumps({"current-context": "x", **parts}), encoding="utf-8")


@pytest.fixture
async def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Server]:
    """A server on a free port, and a kubeconfig that leads to it."""
    found = Server(tmp_path / "kubeconfig")
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", found.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.port = runner.addresses[0][1]
    found.know("first")
    monkeypatch.setenv("KUBECONFIG", str(found.kubeconfig))
    yield found
    await runner.cleanup()


def refusal(status: int, message: str = "said why") -> web.Response:
    """Return a Status as Kubernetes gives it."""
    return web.json_response({"kind": "Status", "message": message}, status=status)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, Refused),
        (401, Away),
        (403, Forbidden),
        (404, NotFound),
        (408, Away),
        (409, Conflict),
        (410, NotFound),
        (422, Refused),
        (429, Away),
        (500, Away),
        (504, Away),
    ],
)
async def test_each_status_is_an_error_of_ours(server: Server, status: int, error: type[ApiError]) -> None:
    server.answers.append(refusal(status))
    async with Api() as api:
        with pytest.raises(ApiError, match=rf"GET /x: {status} said why") as caught:
            await api.get("/x")
    assert type(caught.value) is error
    assert not isinstance(caught.value, aiohttp.ClientError)


@pytest.mark.parametrize(
    "content", ["<html>bad gateway</html>", "[]", "null", "", "[" * 100_000, '{"a":' + "9" * 5000 + "}"]
)
async def test_answer_that_is_no_object_counts_as_none(server: Server, content: str) -> None:
    server.answers.append(web.Response(text=content))
    async with Api() as api:
        with pytest.raises(Away, match="an answer that is no"):
            await api.get("/x")


async def test_refusal_in_plain_text_is_told_and_cut(server: Server) -> None:
    server.answers.append(web.Response(status=502, text="x" * 5000))
    async with Api() as api:
        with pytest.raises(Away) as caught:
            await api.get("/x")
    assert len(str(caught.value)) < 600


async def test_server_that_hangs_is_away(server: Server) -> None:
    server.hangs = asyncio.Event()
    async with Api(timeout=0.05) as api:
        with pytest.raises(Away, match=r"GET /x: TimeoutError"):
            await api.get("/x")
    server.hangs.set()


async def test_nobody_listening_is_away(server: Server) -> None:
    server.port = 1
    server.know("first")
    async with Api() as api:
        with pytest.raises(Away):
            await api.get("/x")


async def test_token_is_read_anew_after_it_was_refused(server: Server) -> None:
    async with Api() as api:
        await api.get("/x")
        server.know("second")
        await api.get("/x")
        server.answers.append(refusal(401))
        with pytest.raises(Away):
            await api.get("/x")
        await api.get("/x")
    tokens = [token for _, _, token, _ in server.asked]
    assert tokens == ["Bearer first", "Bearer first", "Bearer first", "Bearer second"]


async def test_late_refusal_of_an_old_token_changes_nothing(server: Server) -> None:
    async with Api() as api:
        server.hangs = asyncio.Event()
        slow = [asyncio.create_task(api.get("/slow")) for _ in range(2)]
        for _ in slow:
            await server.arrived.acquire()
        hangs, server.hangs = server.hangs, None
        server.answers.append(refusal(401))
        with pytest.raises(Away):
            await api.get("/x")
        server.know("second")
        await api.get("/x")
        server.answers += [refusal(401), refusal(401)]
        hangs.set()
        assert [type(one) for one in await asyncio.gather(*slow, return_exceptions=True)] == [Away, Away]
        server.know("third")
        await api.get("/x")
    assert server.asked[-1][2] == "Bearer second"


async def test_kubeconfig_that_is_being_written_is_a_passing_trouble(server: Server) -> None:
    async with Api() as api:
        server.answers.append(refusal(401))
        with pytest.raises(Away):
            await api.get("/x")
        server.kubeconfig.write_text("{", encoding="utf-8")
        with pytest.raises(Away, match="the credentials cannot be read"):
            await api.get("/x")
        server.know("second")
        assert await api.get("/x") == {}


async def test_start_without_readable_credentials_says_so(server: Server) -> None:
    server.kubeconfig.write_text("{", encoding="utf-8")
    with pytest.raises(Misconfigured, match="the credentials cannot be read"):
        await Api().__aenter__()


async def test_list_is_followed_to_its_last_page(server: Server) -> None:
    server.answers += [
        web.json_response({"metadata": {"continue": "next"}, "items": [1]}),
        web.json_response({"metadata": {}, "items": [2]}),
    ]
    async with Api() as api:
        found = [page["items"] async for page in api.pages("/list", labelSelector="a=b")]
    assert found == [[1], [2]]
    assert [path for _, path, _, _ in server.asked] == [
        "/list?labelSelector=a%3Db&limit=50",
        "/list?labelSelector=a%3Db&continue=next&limit=200",
    ]


async def test_calls_carry_what_they_are_given(server: Server) -> None:
    async with Api() as api:
        await api.create("/c", {"a": 1})
        await api.replace("/r", {"a": 2})
        await api.patch("/p", {"a": 3})
        await api.delete("/d", {"a": 4})
    assert [(method, path, body) for method, path, _, body in server.asked] == [
        ("POST", "/c", '{"a": 1}'),
        ("PUT", "/r", '{"a": 2}'),
        ("PATCH", "/p", '{"a": 3}'),
        ("DELETE", "/d", '{"a": 4}'),
    ]
    assert api.calls == 4


@pytest.mark.parametrize(
    ("parts", "path"),
    [
        (("ns", "pods"), "/api/v1/namespaces/ns/pods"),
        (("ns", "pods", "p", "log"), "/api/v1/namespaces/ns/pods/p/log"),
        (("", "jobs", "", "", "batch/v1"), "/apis/batch/v1/jobs"),
        (("a/b", "jobs", "c?d", "", "batch/v1"), "/apis/batch/v1/namespaces/a%2Fb/jobs/c%3Fd"),
    ],
)
def test_paths_are_those_of_kubernetes(parts: tuple[str, ...], path: str) -> None:
    assert in_namespace(*parts) == path
