"""Logs as JSON lines on standard error, for this room and for gunicorn alike.

A line carries what happened, never what was sent: no bodies, no keys, no headers beside the request id. Nothing is
logged by the root logger's own choice of format, so one reader understands every line.
"""

from __future__ import annotations

import logging.config
from typing import Any


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
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stderr"}},
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
