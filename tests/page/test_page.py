"""Send a file, watch it, see its result: each page as a person meets it."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from backports import zstd
from flask.testing import FlaskClient

from tests.api.asserting import assert_problem, files
from tests.api.fake_cluster import FakeCluster
from tests.page.reading import BROWSER, listed, read

RESULT = {
    "bytes": 167518,
    "tokens": 29571,
    "distinctWords": 2841,
    "topWords": [{"word": "the", "count": 1600}, {"word": "<b>", "count": 400}],
    "table": {},
}


def _make(cluster: FakeCluster, name: str, **status: object) -> None:
    spec = {"input": {"upload": "a" * 64, "name": f"{name}.txt", "bytes": 5}}
    cluster.create({"metadata": {"name": name, "namespace": "default"}, "spec": spec})
    cluster.set_status(name, {"phase": "Pending", "progress": {"percent": 0}, **status})


def test_empty_mill_shows_the_form_alone(client: FlaskClient) -> None:
    page = read(client.get("/", headers=BROWSER))

    form, _ = page.all("form")
    assert form == {"method": "post", "action": "/", "enctype": "multipart/form-data", "class": "card", "id": "form"}
    assert {one["name"] for one in page.all("input")} == {"file", "name", "topWords", "encoding", "fresh"}
    assert [one["value"] for one in page.all("input") if one["name"] == "fresh"] == ["true"]
    assert "multiple" not in page.all("input")[0]  # a form without scripts sends one file
    assert "None yet." in page.text
    assert [one["src"] for one in page.all("script")] == ["/static/page.js"]


def test_sent_form_leads_to_the_request(client: FlaskClient, cluster: FakeCluster, root: Path) -> None:
    form = {"file": (io.BytesIO(b"text"), "a.txt"), "name": "", "topWords": "", "encoding": "", "errors": ""}

    response = client.post("/", data=form, headers=BROWSER)

    (name,) = cluster.names()
    assert response.status_code == 303
    assert response.headers["Location"] == f"/view/{name}"
    assert len(files(root)) == 1
    assert cluster.get(name)["spec"] == {"input": cluster.get(name)["spec"]["input"]}
    assert read(client.get(f"/view/{name}", headers=BROWSER)).all("progress")[0]["value"] == "0"


def test_options_of_the_form_are_the_requests(client: FlaskClient, cluster: FakeCluster) -> None:
    form = {"file": (io.BytesIO(b"x"), "a.txt"), "name": "fox", "topWords": "3", "encoding": "auto", "errors": "strict"}
    form["fresh"] = "true"

    client.post("/", data=form, headers=BROWSER)

    spec = cluster.get("fox")["spec"]
    assert (spec["topWords"], spec["encoding"], spec["errors"], spec["fresh"]) == (3, "auto", "strict", True)


def test_most_recent_requests_come_first(client: FlaskClient, cluster: FakeCluster) -> None:
    for number in range(30):
        _make(cluster, f"r{number:02d}")

    page = read(client.get("/", headers=BROWSER))
    rest = read(client.get("/?page=2", headers=BROWSER))

    assert listed(page) == [f"r{number:02d}" for number in range(29, 9, -1)]
    assert "Page 1 of 2; 30 of 30 fit Older" in page.text
    assert listed(rest) == [f"r{number:02d}" for number in range(9, -1, -1)]


def test_unfinished_request_refreshes_itself_with_and_without_scripts(
    client: FlaskClient, cluster: FakeCluster
) -> None:
    _make(cluster, "fox", phase="Counting", progress={"percent": 60})

    page = read(client.get("/view/fox", headers=BROWSER))

    assert page.all("progress")[0]["value"] == "60"
    assert [one["src"] for one in page.all("script")] == ["/static/page.js"]
    assert {"http-equiv": "refresh", "content": "3"} in page.all("meta")
    assert len(page.all("noscript")) == 1
    assert [one["data-follow"] for one in page.all("section") if "data-follow" in one] == ["/requests/fox/events"]
    assert "Counting The words are being counted." in page.text
    assert "Cancel this request" in page.text


def test_page_tells_how_many_bytes_are_done_and_how_fast(client: FlaskClient, cluster: FakeCluster) -> None:
    told = {"percent": 12, "bytesDone": 250_000_000, "bytesTotal": 1_000_000_000, "bytesPerSecond": 125_000_000}
    _make(cluster, "fox", phase="Tokenizing", progress=told)
    page = read(client.get("/view/fox", headers=BROWSER))
    assert "This stage 250,000,000 of 1,000,000,000 bytes, 125,000,000 a second" in page.text

    _make(cluster, "hen", phase="Succeeded", progress={**told, "percent": 100}, result=RESULT)
    assert "a second" not in read(client.get("/view/hen", headers=BROWSER)).text


def test_finished_request_shows_totals_bars_and_downloads(client: FlaskClient, cluster: FakeCluster) -> None:
    _make(cluster, "fox", phase="Succeeded", result=RESULT)

    page = read(client.get("/view/fox", headers=BROWSER))

    assert "Words 29,571 Distinct words 2,841 Bytes 167,518" in page.text
    assert [one["width"] for one in page.all("rect")] == ["45.0%", "11.25%"]
    assert "Word Count the 1,600 <b> 400" in page.text
    assert page.all("b") == page.all("progress") == page.all("noscript") == []
    assert [one for one in page.all("section") if "data-follow" in one] == []
    assert {f"/requests/fox/words?format={kind}" for kind in ("csv", "json", "arrow")} < {
        one["href"] for one in page.all("a")
    }


def test_request_without_words_says_so(client: FlaskClient, cluster: FakeCluster) -> None:
    _make(cluster, "fox", phase="Succeeded", result={**RESULT, "tokens": 0, "topWords": []})

    assert "there are no words in the file" in read(client.get("/view/fox", headers=BROWSER)).text


def test_failed_request_says_why_and_stops_refreshing(client: FlaskClient, cluster: FakeCluster) -> None:
    condition = {"type": "Succeeded", "status": "False", "reason": "NotText", "message": "byte 3 is no UTF-8"}
    _make(cluster, "fox", phase="Failed", conditions=[condition])

    page = read(client.get("/view/fox", headers=BROWSER))

    assert "NotText : byte 3 is no UTF-8" in page.text
    assert page.all("noscript") == []


def test_hostile_file_name_is_shown_as_text(client: FlaskClient) -> None:
    form = {"file": (io.BytesIO(b"x"), '"><script>alert(1)</script>.txt')}
    where = client.post("/", data=form, headers=BROWSER).headers["Location"]

    for address in (where, "/"):
        page = read(client.get(address, headers=BROWSER))
        assert "alert(1)" not in " ".join(one.get("src") or "" for one in page.all("script"))


def test_page_without_a_cluster_still_takes_files(client: FlaskClient, cluster: FakeCluster, root: Path) -> None:
    cluster.away()

    page = read(client.get("/", headers=BROWSER))
    sent = read(client.post("/", data={"file": (io.BytesIO(b"x"), "a")}, headers=BROWSER), 503)

    assert "The Kubernetes API is away" in page.text
    assert page.all("form")[0]["action"] == "/"
    assert "uploaded content is kept" in sent.text
    assert len(files(root)) == 1


@pytest.mark.parametrize(
    ("method", "address", "status", "reason"),
    [
        ("GET", "/view/none", 404, "RequestMissing"),
        ("GET", "/nowhere", 404, "RouteUnknown"),
        ("POST", "/", 400, "FileMissing"),
        ("PUT", "/", 405, "MethodNotAllowed"),
        ("GET", "/?page=x", 400, "FieldInvalid"),
        ("GET", "/static/none.css", 404, "RouteUnknown"),
    ],
)
def test_error_is_a_page_for_browsers_and_a_problem_for_programs(
    client: FlaskClient, method: str, address: str, status: int, reason: str
) -> None:
    page = read(client.open(address, method=method, headers=BROWSER), status) if "static" not in address else None

    assert page is None or reason in page.text
    assert_problem(client.open(address, method=method), status, reason)


@pytest.mark.parametrize(("coding", "decode"), [("gzip", gzip.decompress), ("zstd", zstd.decompress)])
def test_own_files_are_compressed_for_who_takes_that(
    client: FlaskClient, coding: str, decode: Callable[[bytes], bytes]
) -> None:
    plain = client.get("/static/page.css")
    coded = client.get("/static/page.css", headers={"Accept-Encoding": coding})

    assert (decode(coded.data), coded.headers["Content-Encoding"]) == (plain.data, coding)
    assert int(coded.headers["Content-Length"]) == len(coded.data) < len(plain.data) / 2
    assert "Content-Encoding" not in plain.headers
    assert {plain.headers["Vary"], coded.headers["Vary"]} == {"Accept-Encoding"}
    known = {"Accept-Encoding": coding, "If-None-Match": coded.headers["ETag"]}
    assert client.get("/static/page.css", headers=known).status_code == 304
    assert "Content-Encoding" not in client.get("/", headers={**BROWSER, "Accept-Encoding": coding}).headers


def test_page_of_another_site_cannot_send_the_form(client: FlaskClient, cluster: FakeCluster) -> None:
    form = {"file": (io.BytesIO(b"x"), "a.txt")}

    read(client.post("/", data=form, headers={**BROWSER, "Origin": "http://evil.example"}), 403)

    assert cluster.names() == []


@pytest.mark.parametrize("name", ["page.css", "page.js", "tus.js", "icon.svg"])
def test_own_files_are_served_as_what_they_are(client: FlaskClient, name: str) -> None:
    response = client.get(f"/static/{name}")

    assert response.status_code == 200
    assert (
        response.mimetype == {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}[name[-3:].strip(".")]
    )
    assert response.headers["X-Content-Type-Options"] == "nosniff"
