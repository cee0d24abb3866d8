"""Files sent by the page's own script: dropped, cancelled, gone on with after a break and after a reload."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.system.conftest import Mill

DROP = """names => {
  const dropped = new DataTransfer();
  for (const name of names) dropped.items.add(new File(["the mill and the word " + name], name));
  return dropped;
}"""
PIECE = 16 << 20


BLOCKED = (
    """Object.defineProperty(window, "localStorage", {get() { throw new DOMException("no", "SecurityError"); }})"""
)
FULL = """Storage.prototype.setItem = () => { throw new DOMException("no room", "QuotaExceededError"); }"""


def choose(page: Page, *files: Path) -> None:
    """Choose files and press the button."""
    page.get_by_label("Drop files here, or choose them").set_input_files(list(files))
    page.get_by_role("button", name="Count words").click()


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


@pytest.mark.parametrize("script", [BLOCKED, FULL], ids=["blocked", "full"])
def test_upload_needs_nothing_that_the_browser_keeps(loud: Page, script: str) -> None:
    page, broken = loud, list[str]()

    def once(route: Route) -> None:
        if route.request.method == "PATCH" and not broken:
            broken.append(route.request.url)
            route.abort("connectionreset")
        else:
            route.continue_()

    page.add_init_script(script)
    page.route("**/uploads/*", once)
    page.goto("/")
    with page.expect_request(lambda one: one.method == "HEAD") as resumed:
        drop(page, "kept-nowhere.txt")

    expect(page.locator(".upload .phase")).to_have_text("Succeeded", timeout=60_000)
    assert [resumed.value.url] == broken


def test_dropped_folder_is_walked_to_its_ends(page: Page, tmp_path: Path) -> None:
    for name in ("poems/a.txt", "poems/deep/er/b.txt", "poems/c.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"words of {name}")
    (tmp_path / "poems" / "empty").mkdir()
    (tmp_path / "beside.txt").write_text("words beside")
    page.goto("/")
    box = page.locator("#drop").bounding_box()
    assert box
    chromium = page.context.new_cdp_session(page)
    files = [str(tmp_path / name) for name in ("poems", "beside.txt")]
    for kind in ("dragEnter", "dragOver", "drop"):
        what = {"items": [], "files": files, "dragOperationsMask": 1}
        where = {"x": box["x"] + 5, "y": box["y"] + 5}
        chromium.send("Input.dispatchDragEvent", {"type": kind, **where, "data": what})

    expect(page.locator(".upload .phase")).to_have_text(["Succeeded"] * 4, timeout=60_000)
    assert sorted(page.locator(".upload .title").all_inner_texts()) == ["a.txt", "b.txt", "beside.txt", "c.txt"]


def test_file_that_cannot_be_read_ends_and_lets_others_pass(loud: Page, tmp_path: Path) -> None:
    page = loud
    files = [tmp_path / f"{name}.txt" for name in ("gone", "lost", "stays")]
    for file in files:
        file.write_text(f"the words of {file.name}")
    page.goto("/")
    page.get_by_label("Drop files here, or choose them").set_input_files(files)
    files[0].unlink()
    files[1].write_text("another text, and longer")
    page.get_by_role("button", name="Count words").click()

    expect(page.locator(".upload .phase")).to_have_text(["Failed", "Failed", "Succeeded"], timeout=60_000)
    expect(page.locator(".upload .told").first).to_have_text(re.compile("cannot be read: it was changed or removed"))


def test_same_file_twice_at_once_is_two_uploads(page: Page, tmp_path: Path) -> None:
    file, begun, held = tmp_path / "twice.txt", list[str](), list[Route]()
    file.write_text("the same words")

    def hold(route: Route) -> None:
        if route.request.method == "PATCH" and not held:
            held.append(route)
        else:
            route.continue_()

    page.on("request", lambda one: begun.append(one.method) if "/uploads" in one.url else None)
    page.route("**/uploads/*", hold)
    page.goto("/")
    with page.expect_request(lambda one: one.method == "PATCH"):
        choose(page, file)
    with page.expect_request(lambda one: one.method == "PATCH"):
        choose(page, file)
    held[0].continue_()

    expect(page.locator(".upload .phase")).to_have_text(["Succeeded"] * 2, timeout=60_000)
    assert [one for one in begun if one != "GET"] == ["POST", "PATCH"] * 2


def test_name_that_is_taken_is_not_tried_again(loud: Page) -> None:
    page = loud
    page.goto("/")
    page.get_by_text("Options").click()
    page.get_by_label("Name of the request").fill("seen")
    drop(page, "late.txt")

    expect(page.locator(".upload .phase")).to_have_text("Failed")
    expect(page.locator(".upload .told")).to_contain_text("Choose another name")
    expect(page.get_by_role("button", name="Try late.txt again")).to_be_visible()
