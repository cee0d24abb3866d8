"""Files sent by the page's own script: dropped, cancelled, gone on with after a break and after a reload."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, Route, expect

from tests.system.conftest import Mill

DROP = """names => {
  const dropped = new DataTransfer();
  for (const name of names) dropped.items.add(new File(["the mill and the word " + name], name));
  return dropped;
}"""
PIECE = 16 << 20


def drop(page: Page, *names: str) -> None:
    """Drop files of these names on the page."""
    files = page.evaluate_handle(DROP, [*names])
    page.dispatch_event("#drop", "dragover", {"dataTransfer": files})
    page.dispatch_event("#drop", "drop", {"dataTransfer": files})


def test_dropped_files_are_sent_counted_and_shown_as_they_move(page: Page) -> None:
    page.goto("/")
    page.get_by_text("Options").click()
    page.get_by_label("Top words to show").fill("3")

    drop(page, "one.txt", "two.txt", "three.txt")

    items = page.locator(".upload")
    expect(items).to_have_count(3)
    expect(items.locator(".phase")).to_have_text(["Succeeded"] * 3, timeout=60_000)
    expect(items.locator(".told")).to_have_text(["6 words."] * 3)
    expect(page.locator("tr[data-name]").filter(has_text="two.txt").locator(".phase")).to_have_text("Succeeded")
    items.get_by_role("link", name="two.txt").click()
    expect(page.get_by_role("heading", name="two.txt")).to_be_visible()
    expect(page.locator("figure rect")).to_have_count(3)


def test_chosen_files_are_sent_by_the_button(page: Page, text: Path) -> None:
    page.goto("/")
    page.get_by_label("Drop files here, or choose them").set_input_files([text, text])

    page.get_by_role("button", name="Count words").click()

    expect(page.locator(".upload .phase")).to_have_text(["Succeeded"] * 2, timeout=60_000)


def test_refused_file_says_why_and_can_be_tried_again(loud: Page, mill: Mill) -> None:
    page = loud
    page.goto("/")
    page.get_by_text("Options").click()
    page.get_by_label("Name of the request").fill("seen")
    with page.expect_response(lambda one: one.status == 409):
        drop(page, "late.txt")

    expect(page.locator(".upload .told")).to_contain_text("There is already a request")


def test_upload_that_is_cancelled_leaves_nothing(page: Page, mill: Mill) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        if route.request.method == "PATCH":
            held.append(route)
        else:
            route.continue_()

    page.route("**/uploads/*", hold)
    page.goto("/")
    with page.expect_request(lambda one: one.method == "PATCH"):
        drop(page, "unwanted.txt")

    with page.expect_response(lambda one: one.request.method == "DELETE" and one.status == 204) as answer:
        page.get_by_role("button", name="Cancel unwanted.txt").click()

    expect(page.locator(".upload .phase")).to_have_text("Cancelled")
    address = answer.value.url.partition("/uploads/")[2]
    assert len(held) == 1
    assert not (mill.running.state / "volume/uploads/resumable" / address).exists()


def test_upload_goes_on_after_its_connection_broke(loud: Page) -> None:
    page = loud
    broken: list[str] = []

    def once(route: Route) -> None:
        if route.request.method == "PATCH" and not broken:
            broken.append(route.request.url)
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/uploads/*", once)
    page.goto("/")

    drop(page, "brave.txt")

    expect(page.locator(".upload .phase")).to_have_text("Succeeded", timeout=60_000)
    assert len(broken) == 1


def test_upload_goes_on_after_a_reload_where_it_was(page: Page, tmp_path: Path) -> None:
    big = tmp_path / "big.txt"
    big.write_bytes(b"the mill\n" * ((PIECE + (4 << 20)) // 9))
    offsets: list[str] = []

    def watch(route: Route) -> None:
        offset = route.request.headers.get("upload-offset", "")
        offsets.append(offset)
        if offsets != ["0", str(PIECE)]:
            route.continue_()  # the second piece is never sent, until after the reload

    page.route("**/uploads/*", lambda route: watch(route) if route.request.method == "PATCH" else route.continue_())
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto("/")
    page.get_by_label("Drop files here, or choose them").set_input_files(big)
    with page.expect_request(lambda one: one.headers.get("upload-offset") == str(PIECE)):
        page.get_by_role("button", name="Count words").click()
    page.reload()

    page.get_by_label("Drop files here, or choose them").set_input_files(big)
    page.get_by_role("button", name="Count words").click()

    expect(page.locator(".upload .phase")).to_have_text("Succeeded", timeout=120_000)
    assert offsets == ["0", str(PIECE), str(PIECE)]
