"""One request's page beyond its state: the words searched, what has happened, and its end by a button."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.cluster import Denied
from tests.api import artefacts
from tests.api.asserting import assert_problem
from tests.api.fake_cluster import FakeCluster
from tests.page.reading import BROWSER, Page, read


@pytest.fixture
def fox(client: FlaskClient, cluster: FakeCluster, root: Path) -> str:
    """Make a request that is finished, with its table on the volume; return its page's address."""
    client.post("/upload?name=fox", data=b"x", content_type="text/plain")
    cluster.set_status("fox", artefacts.finished(root))
    return "/view/fox"


def _words(page: Page) -> list[str]:
    """Return what the table of words says, row by row."""
    text = page.text.split("Place Word Count", 1)
    return text[1].split(" What has happened")[0].split() if len(text) > 1 else []


def test_table_of_words_is_shown_from_its_top(client: FlaskClient, fox: str) -> None:
    page = read(client.get(fox, headers=BROWSER))

    assert _words(page)[:3] == ["1", "the", "3"]
    assert "most frequent of" in page.text


def test_search_shows_words_that_contain_it_with_their_places(client: FlaskClient, fox: str) -> None:
    page = read(client.get(f"{fox}?words=O", headers=BROWSER))

    assert "contain" in page.text
    words = _words(page)[1::3]
    assert words
    assert all("o" in word for word in words)
    assert "format=csv&contains=O" in page.text


def test_search_without_a_hit_says_so(client: FlaskClient, fox: str) -> None:
    assert "No word contains “zzz<b>”." in read(client.get(f"{fox}?words=zzz<b>", headers=BROWSER)).text


def test_table_that_has_gone_leaves_the_rest_of_the_page(client: FlaskClient, fox: str, root: Path) -> None:
    for table in root.rglob("*.csv"):
        table.unlink()

    page = read(client.get(fox, headers=BROWSER))

    assert "The table cannot be read. The result's files are gone." in page.text
    assert page.all("rect") != []


def test_events_are_told_beside_the_conditions(client: FlaskClient, cluster: FakeCluster, fox: str) -> None:
    uid = cluster.get("fox")["metadata"]["uid"]
    cluster.noted += [
        {"involvedObject": {"uid": uid}, "reason": "PodLost", "message": "Tried <again>.", "count": 2},
        {"involvedObject": {"uid": "another"}, "reason": "Other", "message": "Not ours."},
    ]

    text = read(client.get(fox, headers=BROWSER)).text

    assert "Events PodLost 2 times Tried <again>." in text
    assert "Not ours." not in text


def test_events_that_may_not_be_read_leave_the_rest_of_the_page(
    client: FlaskClient, cluster: FakeCluster, fox: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(uid: str) -> None:
        raise Denied("No.")

    monkeypatch.setattr(cluster, "events", refuse)

    page = read(client.get(fox, headers=BROWSER))

    assert "They cannot be read. The Kubernetes API does not let this service do that." in page.text
    assert page.all("rect") != []


def test_button_deletes_the_request_and_says_so(client: FlaskClient, cluster: FakeCluster, fox: str) -> None:
    answer = client.post(f"{fox}/delete", headers=BROWSER)

    assert (answer.status_code, answer.headers["Location"]) == (303, "/?deleted=fox")
    assert cluster.names() == []
    assert "fox is deleted." in read(client.get(answer.headers["Location"], headers=BROWSER)).text
    assert_problem(client.post(f"{fox}/delete"), 404, "RequestMissing")


def test_page_of_another_site_cannot_press_the_button(client: FlaskClient, cluster: FakeCluster, fox: str) -> None:
    read(client.post(f"{fox}/delete", headers={**BROWSER, "Sec-Fetch-Site": "cross-site"}), 403)

    assert cluster.names() == ["fox"]


def test_address_cannot_make_the_page_say_anything(client: FlaskClient) -> None:
    assert "account" not in read(client.get("/?deleted=Your+account", headers=BROWSER)).text


def test_first_view_takes_at_most_40_kilobytes(client: FlaskClient, cluster: FakeCluster) -> None:
    for number in range(40):
        client.post(f"/upload?name=a-quite-long-name-{number}", data=b"x", content_type="text/plain")
    home = client.get("/", headers=BROWSER)
    page = read(home)
    looks = [one["href"] or "" for one in page.all("link")]
    scripts = {f"/static/{path.name}" for path in Path("app/static").glob("*.js")} - {
        "/static/api.js",
        "/static/dropped.js",
    }
    took = {"Accept-Encoding": "gzip"}

    answers = [home, *(client.get(address, headers=took) for address in {*looks, *scripts})]

    assert sum(len(answer.data) + len(str(answer.headers)) for answer in answers) <= 40_000
