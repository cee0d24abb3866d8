"""The page as Chromium shows it: results, searches, live states, the list; by keyboard, without scripts, on a phone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.system.conftest import Mill, Visit


def _stays(page: Page) -> None:
    """Mark the document, so that `_stayed` can tell that it was never loaded anew."""
    page.evaluate("window.stays = true")


def _stayed(page: Page) -> None:
    assert page.evaluate("window.stays") is True


def test_result_shows_totals_plot_and_numbers(page: Page) -> None:
    page.goto("/view/seen")

    expect(page.get_by_text("All words are counted.")).to_be_visible()
    expect(page.locator(".totals")).to_contain_text("Words7")
    expect(page.get_by_role("img", name="Bars of the 5 most frequent words")).to_be_visible()
    page.get_by_text("The numbers as a table").click()
    expect(page.locator("figure tbody tr").first).to_have_text("the3")


def test_request_moves_live_from_waiting_to_its_result(page: Page, mill: Mill) -> None:
    mill.put_aside("moves")
    page.goto("/view/moves")
    expect(page.locator("#live-lead .phase")).to_have_text("Suspended")
    _stays(page)

    mill.go_on("moves")

    expect(page.locator("#live-lead .phase")).to_have_text("Succeeded", timeout=60_000)
    expect(page.locator(".totals")).to_contain_text("Distinct words5")
    expect(page.get_by_text("Taken up by the operator")).to_be_visible()
    expect(page.locator("progress")).to_have_count(0)
    _stayed(page)


def test_list_moves_live_for_what_others_send(page: Page, mill: Mill) -> None:
    page.goto("/")
    _stays(page)

    mill.send("others")

    row = page.locator('tr[data-name="others"]')
    expect(row.locator(".phase")).to_have_text("Succeeded")
    expect(row.locator(".number")).to_have_text("7")
    mill.running.call("DELETE", "/requests/others")
    expect(row).to_have_count(0)
    _stayed(page)


def test_search_narrows_the_table_while_one_writes(page: Page) -> None:
    page.goto("/view/seen")
    _stays(page)

    page.get_by_label("Words that contain").press_sequentially("MILL")

    expect(page.locator("#live-words tbody tr")).to_have_text(["3mill1", "4miller1"])
    expect(page.locator("#live-found")).to_have_text("2 words contain “MILL”.")
    expect(page).to_have_url(re.compile(r"/view/seen\?words=MILL$"))
    expect(page.get_by_text("format=csv&contains=MILL")).to_be_visible()
    expect(page.get_by_label("Words that contain")).to_be_focused()
    _stayed(page)


def test_list_is_filtered_and_turned_page_by_page(page: Page, mill: Mill) -> None:
    for number in range(27):
        mill.running.call("POST", f"/upload?name=leaf-{number:02d}", b"leaf", **{"Content-Type": "text/plain"})
    page.goto("/")

    page.get_by_label("Name or file").fill("LEAF")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("tr[data-name]")).to_have_count(20)
    page.get_by_role("link", name="Older").click()
    expect(page.locator("tr[data-name]")).to_have_count(7)
    page.get_by_label("State").select_option("Failed")
    page.get_by_label("Name or file").fill("")
    page.get_by_role("button", name="Show").click()

    expect(page.locator("tr[data-name]")).to_contain_text(["unseen"])
    page.get_by_role("link", name="Show all").click()
    expect(page.locator("tr[data-name]")).to_have_count(20)


def test_download_is_the_whole_table(page: Page, tmp_path: Path) -> None:
    page.goto("/view/seen")

    with page.expect_download() as started:
        page.get_by_role("link", name="CSV").click()

    assert started.value.suggested_filename == "seen-words.csv"
    started.value.save_as(tmp_path / "words.csv")
    assert (tmp_path / "words.csv").read_text() == "word,count\nthe,3\nand,1\nmill,1\nmiller,1\nword,1\n"


def test_line_is_copied_as_it_stands(visit: Visit, mill: Mill) -> None:
    page = visit(permissions=["clipboard-read", "clipboard-write"]).new_page()
    page.goto("/view/seen")

    page.get_by_role("button", name="Copy: This request, as JSON").click()

    expect(page.locator("#copied")).to_have_text("Copied.")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == f"curl http://127.0.0.1:{mill.running.port}/requests/seen"


def test_keyboard_alone_reaches_everything(page: Page, mill: Mill) -> None:
    mill.send("typed")
    page.goto("/view/typed")

    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    passed = []
    while not page.evaluate("document.activeElement.matches('.danger summary')"):
        page.keyboard.press("Tab")
        passed.append(page.evaluate("document.activeElement.innerText || document.activeElement.name || ''"))
        assert len(passed) < 60, passed
    assert [one for one in passed if one in ("CSV", "words", "Search", "Copy", "The numbers as a table")]
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Delete it", exact=True)).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.get_by_text("typed is deleted.")).to_be_visible()
    assert mill.running.call("GET", "/requests/typed")[0] == 404


def test_page_without_scripts_takes_a_file_and_shows_its_result(visit: Visit, text: Path) -> None:
    page = visit(java_script_enabled=False).new_page()
    page.goto("/")
    page.get_by_label("Choose a file").set_input_files(text)
    expect(page.get_by_role("button", name="Copy")).to_have_count(0)

    page.get_by_role("button", name="Count words").click()

    expect(page.locator(".totals")).to_contain_text("Words7", timeout=60_000)  # the page reloads itself until then
    page.get_by_label("Words that contain").fill("mill")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_text("2 words contain “mill”.")).to_be_visible()
    page.get_by_text("Delete this request and its result").click()
    page.get_by_role("button", name="Delete it", exact=True).click()
    expect(page.get_by_text("is deleted.")).to_be_visible()


@pytest.mark.parametrize("width", [320, 360, 1280])
@pytest.mark.parametrize("path", ["/", "/view/seen", "/view/unseen", "/api", "/sign-in"])
def test_page_is_no_wider_than_its_window(visit: Visit, path: str, width: int) -> None:
    page = visit(viewport={"width": width, "height": 800}).new_page()

    page.goto(path)

    assert page.evaluate("document.documentElement.scrollWidth") == width
