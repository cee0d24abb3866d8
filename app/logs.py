"""Logs as JSON lines on standard error, for this room and for gunicorn alike.

A line carries what happened, never what was sent: no bodies, no keys, no headers beside the request id. Nothing is
logged by the root logger's own choice of format, so one reader understands every line.
"""

from __future__ import annotations

import logging
import logging.config
from typing import Any

from flask import g, has_request_context

from textmill.traceparent import trace_id


class Call(logging.Filter):
    """Puts the id of the call under way, and of its trace, on each line that is written meanwhile."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every line pass."""
        if has_request_context():
            for name, value in (("request_id", g.get("request_id")), ("trace", trace_id(g.get("traceparent")))):
                if value and not hasattr(record, name):
                    setattr(record, name, value)
        return True


def configuration(level: str) -> dict[str, Any]:
    """Return the logging configuration, as `logging.config.dictConfig` and gunicorn take it."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": "pythonjsonlogger.json.JsonFormatter",
                "fmt": "%(levelname)s %(name)s %(message)s",
                "rename_fields": {"levelname": "level", "name": "logger"},
                "timestamp": True,
            }
        },
        "filters": {"call": {"()": "app.logs.Call"}},
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "json",
                "filters": ["call"],
                "stream": "ext://sys.stderr",
            }
        },
        "root": {"level": "WARNING", "handlers": ["stderr"]},
        "loggers": {
            "textmill": {"level": level},
            "gunicorn.error": {"level": level, "propagate": True, "handlers": []},
            "gunicorn.access": {"level": "CRITICAL", "propagate": False, "handlers": []},
        },
    }


def set_up(level: str) -> None:
    """Log as JSON lines from now on."""
    logging.config.dictConfig(configuration(level))
