"""axe-core finds nothing on any page, in light and in dark, on a desk and on a phone."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.system.conftest import Visit
from tests.system.test_sending import drop

AXE = Path(__file__).with_name("node_modules") / "axe-core" / "axe.min.js"
PAGES = {
    "start": "/",
    "nothing found": "/?phase=Failed&name=nothing",
    "result": "/view/seen",
    "search": "/view/seen?words=mill",
    "failure": "/view/unseen",
    "waiting": "/view/aside",
    "deleted": "/?deleted=gone",
    "interface": "/api",
    "sign in": "/sign-in",
}


def _troubles(page: Page) -> list[str]:
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [f"{one['id']}: {node['html'][:200]} {node['any']}" for one in found["violations"] for node in one["nodes"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES.keys())
def test_axe_finds_nothing(visit: Visit, path: str, width: int, scheme: str) -> None:
    page = visit(viewport={"width": width, "height": 800}, color_scheme=scheme).new_page()
    page.goto(path)
    for one in page.locator("details").all():
        one.evaluate("one => { one.open = true; }")

    assert _troubles(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_while_files_are_sent(visit: Visit, scheme: str) -> None:
    page = visit(color_scheme=scheme).new_page()
    page.route("**/uploads", lambda route: None if "aGVsZC50eHQ=" in str(route.request.headers) else route.continue_())
    page.goto("/")
    with page.expect_request("**/uploads"):
        drop(page, "held.txt", "sent.txt")
    expect(page.locator(".upload .phase")).to_have_text(["Sending", "Succeeded"], timeout=60_000)

    assert _troubles(page) == []


def test_missing_request_has_an_accessible_page(visit: Visit) -> None:
    page = visit(quiet=False).new_page()
    page.goto("/view/none")

    assert _troubles(page) == []
