"""Lists come in pages that are bounded in bytes, and may take long as long as they come."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from textmill_operator import api as api_module
from textmill_operator.api import PAGE, PAGE_BYTES, PAGE_MOST, Api
from textmill_operator.errors import Away


@dataclass
class Lists:
    """A server whose list holds objects of these sizes; each page in parts, with a pause before each but the first."""

    sizes: list[int] = field(default_factory=list)
    asked: list[tuple[int, int]] = field(default_factory=list)
    """Start and limit of each page that was asked for."""
    parts: int = 1
    pause: float = 0.0
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def page(self, request: web.Request) -> web.StreamResponse:
        """Give a page."""
        start, limit = int(request.query.get("continue", "0")), int(request.query["limit"])
        self.asked.append((start, limit))
        items = ["x" * size for size in self.sizes[start : start + limit]]
        more = {"continue": str(start + limit)} if start + limit < len(self.sizes) else {}
        content = json.dumps({"metadata": more, "items": items}).encode()
        answer = web.StreamResponse()
        await answer.prepare(request)
        step = -(-len(content) // self.parts)
        for at in range(0, len(content), step):
            if at:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.over.wait(), self.pause)
            try:
                await answer.write(content[at : at + step])
            except ConnectionError:
                break
        return answer


@pytest.fixture
async def lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Lists]:
    """Serve a list on a free port, and lead the client there."""
    found = Lists()
    app = web.Application()
    app.router.add_get("/list", found.page)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    config = {
        "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{runner.addresses[0][1]}/"}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    (tmp_path / "kubeconfig").write_text(json.dumps(config), encoding="utf-8")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    yield found
    found.over.set()
    await runner.cleanup()


async def read(most: list[int]) -> list[int]:
    """Read the list; return the sizes of its objects, and note those of its pages."""
    async with Api(timeout=0.2) as api:
        pages = [page["items"] async for page in api.pages("/list")]
    most += [sum(map(len, page)) for page in pages]
    return [len(item) for page in pages for item in page]


async def test_five_hundred_requests_with_long_texts_come_in_pages_of_some_megabytes(lists: Lists) -> None:
    lists.sizes = [63 << 10] * 500
    pages: list[int] = []
    assert await read(pages) == lists.sizes
    assert max(pages) <= PAGE_BYTES


async def test_small_objects_come_in_few_pages(lists: Lists) -> None:
    lists.sizes = [100] * 5000
    assert await read([]) == lists.sizes
    assert [limit for _, limit in lists.asked] == [50, 200, *[PAGE] * 10]


async def test_page_that_is_too_long_is_asked_for_again_with_fewer(lists: Lists) -> None:
    lists.sizes = [10] * 250 + [180 << 10] * 500
    pages: list[int] = []
    assert await read(pages) == lists.sizes
    assert max(pages) <= PAGE_MOST
    assert (250, PAGE) in lists.asked


async def test_one_object_comes_however_big_it_is(lists: Lists, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_module, "PAGE_MOST", 1000)
    lists.sizes = [5000, 10, 6000]
    assert await read([]) == lists.sizes


async def test_page_may_take_long_as_long_as_it_comes(lists: Lists, monkeypatch: pytest.MonkeyPatch) -> None:
    lists.sizes, lists.parts, lists.pause = [100], 5, 0.1
    assert await read([]) == lists.sizes
    monkeypatch.setattr(api_module, "STALL_SECONDS", 0.05)
    lists.pause = 60.0
    with pytest.raises(Away):
        await read([])
