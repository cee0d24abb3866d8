"""A history of very many finished requests, which are made as they are listed, and new requests for the same texts."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field

from tests.operator.conftest import Operator, request_body
from tests.operator.fake_api import Body, FakeApi
from textmill import reuse
from textmill.actions import LookUp
from textmill.names import REUSE_LABEL
from textmill.request import Input, Spec


@dataclass
class History(FakeApi):
    """An API with very many finished requests, which are made as they are listed."""

    copies: dict[str, int] = field(default_factory=dict)
    """How many finished requests bear the key of this text, by the text."""
    unfit: set[str] = field(default_factory=set)
    """Texts whose requests bear the key and have no result for it."""
    lists: list[int] = field(default_factory=list)
    """The bytes of each answer."""
    hangs: asyncio.Event | None = None

    def __post_init__(self) -> None:
        super().__init__()

    async def get(self, path: str, **params: str) -> Body:
        if not path.endswith("/processingrequests"):
            return await self._one(path)
        if self.hangs:
            await self.hangs.wait()
        self._enter("GET", path)
        keys = params["labelSelector"].partition("(")[2].rstrip(")").split(",")
        texts = [(key_of(text), text, number) for text, number in sorted(self.copies.items())]
        start, limit = int(params.get("continue", "0")), int(params["limit"])
        items: list[Body] = []
        passed = 0
        for key, text, number in texts:
            if key in keys:
                at = max(0, start - passed)
                room = limit - len(items)
                items += [self.finished(text, one) for one in range(at, min(number, at + room))]
                passed += number
        more = {"continue": str(start + limit)} if start + limit < passed else {}
        found = {"metadata": more, "items": items}
        self.lists.append(len(json.dumps(found)))
        return found

    async def _one(self, path: str) -> Body:
        name = path.rsplit("/", 1)[1]
        if not name.startswith("copy-"):
            return await super().get(path)
        self._enter("GET", path)
        text, _, number = name.removeprefix("copy-").rpartition("-")
        return self.finished(text, int(number))

    def finished(self, text: str, number: int) -> Body:
        """Return one of the finished requests for a text."""
        body = request_body(f"copy-{text}-{number}", input={"inline": text})
        body["metadata"] |= {"labels": {REUSE_LABEL: key_of(text)}, "resourceVersion": "1"}
        known = {"phase": "Succeeded", "settled": True, "result": {"tokens": 1, "distinctWords": 1}}
        digest = reuse.digest(Spec(Input(inline=text)))
        body["status"] = known | {"input": {"sha256": "0" * 64 if text in self.unfit else digest}}
        return body


def key_of(text: str) -> str:
    """Return the reuse key of a text."""
    return reuse.key(Spec(Input(inline=text))) or ""


def asking(api: History, *texts: str) -> tuple[Operator, LookUp]:
    """Return an operator that knows new requests for these texts, and the look-up for them."""
    operator = Operator(api)
    for number, text in enumerate(texts):
        operator.submit(f"new{number}", input={"inline": text})
    operator.see()
    return operator, LookUp("ns", tuple(operator.store.requests()))
