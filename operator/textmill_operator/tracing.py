"""Gives the trace of an ended request to OpenTelemetry; off unless TEXTMILL_TRACES says otherwise.

The SDK is imported only where it is used, as most operators run without. Its exporter has a queue and a thread of its
own: a collector that is away costs spans, never a round. Where the collector is, and everything else about it, say
OpenTelemetry's own variables (OTEL_EXPORTER_OTLP_ENDPOINT and the like).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textmill import spans
from textmill.request import Request

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

SERVICE = "textmill-operator"
CLOSE_MILLISECONDS = 2000


class Tracing:
    """Exports spans."""

    def __init__(self, exporter: SpanExporter | None = None) -> None:
        """Take what exports; OTLP over HTTP unless something else is given."""
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        self._provider = TracerProvider(resource=Resource.create({"service.name": SERVICE}), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter or OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("textmill")

    def ended(self, request: Request) -> None:
        """Export the spans of a request that has ended."""
        from opentelemetry.context import Context
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        carrier = {"traceparent": request.trace} if request.trace else {}
        self._make(spans.of_request(request), TraceContextTextMapPropagator().extract(carrier, Context()))

    def _make(self, one: spans.Span, context: object) -> None:
        from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context

        span = self._tracer.start_span(
            one.name,
            context,  # type: ignore[arg-type]  # a Context, whose module is not imported here
            kind=SpanKind.CONSUMER if one.parts else SpanKind.INTERNAL,
            attributes=one.attributes,
            start_time=int(one.start * 1e9),
        )
        if one.failure:
            span.set_status(Status(StatusCode.ERROR, one.failure))
        for part in one.parts:
            self._make(part, set_span_in_context(span))
        span.end(int(one.end * 1e9))

    def close(self) -> None:
        """Export what is left, for a moment at most."""
        self._provider.force_flush(CLOSE_MILLISECONDS)
        self._provider.shutdown()
