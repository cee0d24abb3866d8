"""Which trace a call belongs to, for its log lines and for the request that it makes; and its span, where that is on.

A caller's traceparent is taken over whether spans are exported or not, so that a gateway's trace can be found again in
our logs and on the resource. It is an id and no right: whoever calls may choose it. Spans are made only with
TEXTMILL_TRACES; then OpenTelemetry's own variables say where they go, and its exporter's thread sends them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Flask, Response, g, has_request_context, request

from app.connections import Parked
from app.rates import PROBES
from textmill import traceparent

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

SERVICE = "textmill-api"


def current() -> str | None:
    """Return the traceparent of the call under way, None where there is none."""
    found: str | None = g.get("traceparent") if has_request_context() else None
    return found


def register(application: Flask, exporter: SpanExporter | None = None, *, on: bool) -> None:
    """Find each call's trace; with `on` make a span of it, too, exported by OTLP unless something else is given."""

    application.before_request(_take_over)
    if on:
        _make_spans(application, _provider(exporter))


def _take_over() -> None:
    g.traceparent = traceparent.checked(request.headers.get("traceparent"))


def _provider(exporter: SpanExporter | None) -> Any:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": SERVICE}))
    provider.add_span_processor(BatchSpanProcessor(exporter or OTLPSpanExporter()))
    return provider


def _make_spans(application: Flask, provider: Any) -> None:
    from opentelemetry.context import Context
    from opentelemetry.trace import SpanKind, Status, StatusCode
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    propagator, tracer = TraceContextTextMapPropagator(), provider.get_tracer("textmill")
    application.extensions["traces"] = provider

    @application.before_request
    def _begin() -> None:
        if request.endpoint in PROBES:
            return
        above = propagator.extract({"traceparent": g.traceparent} if g.traceparent else {}, Context())
        route = request.url_rule.rule if request.url_rule else "none"
        about = {"http.request.method": request.method, "http.route": route}
        g.span = tracer.start_span(f"{request.method} {route}", above, SpanKind.SERVER, about)
        made: dict[str, str] = {}
        propagator.inject(made, _holding(g.span))
        g.traceparent = traceparent.checked(made.get("traceparent"))

    @application.after_request
    def _note(answer: Response) -> Response:
        if span := g.get("span"):
            span.set_attribute("http.response.status_code", answer.status_code)
            if answer.status_code >= 500:
                span.set_status(Status(StatusCode.ERROR))
        return answer

    @application.teardown_request
    def _end(error: BaseException | None) -> None:
        if (span := g.pop("span", None)) and not isinstance(error, Parked):  # it is begun anew
            span.end()


def _holding(span: Any) -> Any:
    from opentelemetry.trace import set_span_in_context

    return set_span_in_context(span)
