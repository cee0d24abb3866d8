"""The spans of requests, as an exporter gets them."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.operator.conftest import Operator
from tests.operator.test_executor import run_to_end
from textmill.names import TRACE_ANNOTATION
from textmill_operator import paths
from textmill_operator.errors import Misconfigured
from textmill_operator.settings import Settings
from textmill_operator.tracing import Tracing

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    """Give an exporter that keeps what it gets."""
    return InMemorySpanExporter()


@pytest.fixture
def traced(exporter: InMemorySpanExporter) -> Iterator[Operator]:
    """Give an operator that traces."""
    tracing = Tracing(exporter)
    yield Operator(tracing=tracing)
    tracing.close()


async def test_spans_belong_to_the_trace_of_the_upload(traced: Operator, exporter: InMemorySpanExporter) -> None:
    traced.submit("a")
    traced.api.objects[paths.request("ns", "a")]["metadata"]["annotations"] = {TRACE_ANNOTATION: TRACE}
    await run_to_end(traced)
    assert traced.tracing
    traced.tracing.close()
    found = {span.name: span for span in exporter.get_finished_spans()}
    assert set(found) == {"process", "tokenize", "count"}
    whole = found["process"]
    assert (f"{whole.context.trace_id:032x}", f"{whole.parent.span_id:016x}") == tuple(TRACE.split("-")[1:3])  # type: ignore[union-attr]  # it has one
    assert {found[name].parent.span_id for name in ("tokenize", "count")} == {whole.context.span_id}  # type: ignore[union-attr]  # they have one
    assert whole.resource.attributes["service.name"] == "textmill-operator"
    assert (whole.attributes or {})["textmill.request"] == "ns/a"


async def test_request_of_nobodys_trace_begins_its_own(traced: Operator, exporter: InMemorySpanExporter) -> None:
    for name in ("a", "b"):
        traced.submit(name)
    await run_to_end(traced)
    assert traced.tracing
    traced.tracing.close()
    whole = [span for span in exporter.get_finished_spans() if span.name == "process"]
    assert len({span.context.trace_id for span in whole}) == len(whole) == 2
    assert all(span.parent is None for span in whole)


async def test_trace_that_is_not_sampled_is_not_exported(traced: Operator, exporter: InMemorySpanExporter) -> None:
    traced.submit("a")
    unsampled = f"{TRACE[:-2]}00"
    traced.api.objects[paths.request("ns", "a")]["metadata"]["annotations"] = {TRACE_ANNOTATION: unsampled}
    await run_to_end(traced)
    assert traced.tracing
    traced.tracing.close()
    assert exporter.get_finished_spans() == ()


async def test_log_lines_of_a_request_carry_its_trace(operator: Operator, caplog: pytest.LogCaptureFixture) -> None:
    operator.submit("a")
    operator.api.objects[paths.request("ns", "a")]["metadata"]["annotations"] = {TRACE_ANNOTATION: TRACE}
    with caplog.at_level(logging.INFO):
        await run_to_end(operator)
    lines = [vars(one) for one in caplog.records if getattr(one, "request", "") == "ns/a"]
    assert {one["trace"] for one in lines} == {TRACE.split("-")[1]}
    assert json.dumps([one["phase"] for one in lines]).count("Succeeded") == 1


def test_where_spans_go_is_off_or_otlp() -> None:
    assert Settings.read({})["TRACES"] == "off"
    with pytest.raises(Misconfigured, match="neither off nor otlp"):
        Settings.read({"TEXTMILL_TRACES": "jaeger"})
