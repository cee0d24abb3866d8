"""One trace from the caller through upload and Jobs to the result, as a running stack gives it to a collector."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.bench.stack import stack
from tests.serving import serving

TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@dataclass
class Collector:
    """Takes spans by OTLP over HTTP: by service and name."""

    port: int = 0
    spans: dict[tuple[str, str], Any] = field(default_factory=dict)
    came: threading.Condition = field(default_factory=threading.Condition)

    def take(self, content: bytes) -> None:
        """Take what an exporter sends."""
        with self.came:
            for group in ExportTraceServiceRequest.FromString(content).resource_spans:
                about = {one.key: one.value.string_value for one in group.resource.attributes}
                for scope in group.scope_spans:
                    self.spans |= {(about["service.name"], span.name): span for span in scope.spans}
            self.came.notify_all()


@contextmanager
def collecting() -> Iterator[Collector]:
    """Run a collector on loopback."""
    found = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces"
            found.take(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.port = int(server.server_address[1])
    with serving(server):
        yield found


def test_one_trace_leads_from_the_caller_to_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    with collecting() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{collector.port}")
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
        with stack(TRACES="otlp") as running:
            headers = {"traceparent": f"00-{TRACE}-{CALLER}-01", "Content-Type": "text/plain"}
            status, answer = running.call("POST", "/upload?name=traced", b"one two two", **headers)
            assert status == 202, answer
            running.wait("traced")
            wanted = {("textmill-operator", name) for name in ("process", "tokenize", "count")}
            wanted.add(("textmill-api", "POST /upload"))  # each process sends its own, when it likes
            with collector.came:
                assert collector.came.wait_for(lambda: wanted <= collector.spans.keys(), timeout=60), collector.spans
    upload = collector.spans["textmill-api", "POST /upload"]
    process, cut, count = (collector.spans["textmill-operator", name] for name in ("process", "tokenize", "count"))
    assert {span.trace_id.hex() for span in (upload, process, cut, count)} == {TRACE}
    assert upload.parent_span_id.hex() == CALLER
    assert process.parent_span_id == upload.span_id
    assert {cut.parent_span_id, count.parent_span_id} == {process.span_id}
    about = {one.key: one.value for one in process.attributes}
    assert about["textmill.request"].string_value == "default/traced"
    assert about["textmill.tokens"].int_value == 3
