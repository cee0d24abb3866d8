"""The trace of a call: taken over from the caller, noted on the resource and in the log, exported where that is on."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path

import pytest
from flask import Flask
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry

from app import create_app, logs
from app.room import of_application
from app.settings import BadSetting, Settings
from tests.api.fake_cluster import FakeCluster
from textmill.names import TRACE_ANNOTATION

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
TEXT = {"data": b"some words", "content_type": "text/plain"}


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    """Give an exporter that keeps what it gets."""
    return InMemorySpanExporter()


@pytest.fixture
def traced(root: Path, cluster: FakeCluster, exporter: InMemorySpanExporter) -> Iterator[Flask]:
    """Give an application that traces."""
    config = {"TEXTMILL_VOLUME": root, "TEXTMILL_TRACES": "otlp"}
    made = create_app(config, cluster=cluster, registry=CollectorRegistry(), exporter=exporter)
    yield made
    of_application(made).watch.stop()
    made.extensions["traces"].shutdown()


def noted(cluster: FakeCluster, name: str) -> str | None:
    """Return the traceparent on a resource."""
    found: str | None = cluster.get(name)["metadata"]["annotations"].get(TRACE_ANNOTATION)
    return found


def test_span_of_an_upload_is_what_the_resource_belongs_to(
    traced: Flask, cluster: FakeCluster, exporter: InMemorySpanExporter
) -> None:
    client = traced.test_client()
    assert client.post("/upload?name=a", headers={"traceparent": TRACE}, **TEXT).status_code == 202
    traced.extensions["traces"].force_flush()
    (span,) = exporter.get_finished_spans()
    assert span.name == "POST /upload"
    assert span.parent
    assert f"{span.parent.span_id:016x}" == TRACE.split("-")[2]
    assert noted(cluster, "a") == f"00-{TRACE.split('-')[1]}-{span.context.span_id:016x}-01"
    assert dict(span.attributes or {}) == {
        "http.request.method": "POST",
        "http.route": "/upload",
        "http.response.status_code": 202,
    }


def test_probes_make_no_spans_and_wrong_calls_do(traced: Flask, exporter: InMemorySpanExporter) -> None:
    client = traced.test_client()
    for path in ("/healthz", "/metrics", "/nowhere"):
        client.get(path)
    traced.extensions["traces"].force_flush()
    assert [span.name for span in exporter.get_finished_spans()] == ["GET none"]


def test_callers_trace_is_noted_though_nothing_is_exported(make: Callable[..., Flask], cluster: FakeCluster) -> None:
    client = make().test_client()
    client.post("/upload?name=a", headers={"traceparent": TRACE}, **TEXT)
    client.post("/upload?name=b", headers={"traceparent": f"{TRACE}\u00e9"}, **TEXT)
    client.post("/upload?name=c", **TEXT)
    assert [noted(cluster, name) for name in "abc"] == [TRACE, None, None]


def test_same_key_under_another_trace_is_the_same_upload(make: Callable[..., Flask], cluster: FakeCluster) -> None:
    client = make().test_client()
    first = client.post("/upload", headers={"traceparent": TRACE, "Idempotency-Key": "k"}, **TEXT)
    second = client.post("/upload", headers={"Idempotency-Key": "k"}, **TEXT)
    assert first.get_json() == second.get_json()
    assert second.headers["Idempotent-Replayed"] == "true"
    assert noted(cluster, first.get_json()["name"]) == TRACE


def test_log_lines_carry_request_and_trace(make: Callable[..., Flask]) -> None:
    configuration = logs.configuration("INFO")
    stream = StringIO()
    formatter = configuration["formatters"]["json"]
    handler = logging.StreamHandler(stream)
    made = logging.config.DictConfigurator(configuration | {"formatters": {"json": formatter}})
    handler.setFormatter(made.configure_formatter(formatter))
    handler.addFilter(logs.Call())
    log = logging.getLogger("textmill.trial")
    application = make()

    @application.get("/trial")
    def _trial() -> str:
        log.warning("within")
        return "done"

    log.addHandler(handler)
    try:
        application.test_client().get("/trial", headers={"traceparent": TRACE, "X-Request-ID": "abc"})
        log.warning("without")
    finally:
        log.removeHandler(handler)
    within, without = map(json.loads, stream.getvalue().splitlines())
    assert (within["trace"], within["request_id"]) == (TRACE.split("-")[1], "abc")
    assert not {"trace", "request_id"} & without.keys()


def test_where_spans_go_is_off_or_otlp() -> None:
    with pytest.raises(BadSetting, match="off or otlp"):
        Settings.load({}, {"TEXTMILL_TRACES": "jaeger"})
