"""A page of the list of requests, read a part at a time, of which nothing is kept that nobody is shown.

A request may hold a text of 64 KiB, so 500 of them are 32 MB as they come and more once they are read; with many
clients that would be the process' memory. So no more than `PART` of them are read at once, and `slim` drops the texts.
"""

from __future__ import annotations

from app.cluster import Body, Cluster, Page
from app.view import slim

PART = 100


def slim_page(cluster: Cluster, *, fields: str, limit: int, token: str) -> Page:
    """Return a page of at most `limit` requests, as `Cluster.page` does."""
    items: list[Body] = []
    while True:
        page = cluster.page(fields=fields, limit=min(PART, limit - len(items)), token=token)
        items += map(slim, page.items)
        token = page.token
        if not token or len(items) >= limit:
            return Page(items, token, page.version)
