"""How much a browser loads to show the page for the first time, with a full list, heads included."""

from __future__ import annotations

import gzip
import re
import tempfile
from pathlib import Path

from tests.api import live

REQUESTS = 30


def run(requests: int = REQUESTS) -> dict[str, float]:
    """Add up the answers for the page and for all that it names, heads included."""
    with (
        tempfile.TemporaryDirectory(prefix="textmill-bench-") as folder,
        live.cluster(Path(folder)) as (config, _),
        live.serve(Path(folder) / "api", config) as api,
    ):
        for number in range(requests):
            api.call("POST", f"/upload?name=a-rather-long-name-{number:02d}", b"word", Content_Type="text/plain")
        wanted, seen, size = ["/"], set[str](), 0
        while wanted:
            address = wanted.pop()
            seen.add(address)
            answer = api.call("GET", address, Accept="text/html,*/*;q=0.8", Accept_Encoding="gzip")
            if answer.status != 200:
                raise RuntimeError(f"{address} answered {answer.status}")
            size += len(answer.body) + sum(len(name) + len(value) + 4 for name, value in answer.headers.items())
            coded = answer.headers.get("Content-Encoding") == "gzip"
            text = (gzip.decompress(answer.body) if coded else answer.body).decode()
            wanted += [one for one in _named(address, text) if one not in seen and one not in wanted]
    return {"first_view_kb": size / 1000}


def _named(address: str, text: str) -> list[str]:
    if address.endswith(".js"):
        return [f"/static/{name}" for name in re.findall(r'from "\./([a-z]+\.js)"', text)]
    return re.findall(r'(?:src|link rel="[a-z]+" href)="(/static/[^"]+)"', text)
