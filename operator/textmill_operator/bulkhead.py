"""Keeps an unexpected error at the one item that raised it: logged with its traceback, and counted.

The parts of the operator work on many items, one after the other or side by side. What the API answers is expected and
handled where it is; anything else is a fault of ours, and one item's fault must not end the part, as that ends the
process, whose next start meets the same item. The operator's own errors (the API is away, the Lease is lost) and being
cancelled pass.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from textmill_operator.errors import OperatorError
from textmill_operator.metrics import Metrics

log = logging.getLogger(__name__)


@contextmanager
def bulkhead(metrics: Metrics, part: str, item: str) -> Iterator[None]:
    """Run the work on one item of a part; go on after it, whatever it raises."""
    try:
        yield
    except OperatorError:
        raise
    except Exception as error:  # noqa: BLE001 - an error that nobody foresaw must not end what others wait for
        note(metrics, part, item, error)


def note(metrics: Metrics, part: str, item: str, error: Exception) -> None:
    """Log and count an error that nobody foresaw."""
    log.error("%s: an unexpected error at %s; the others go on", part, item, exc_info=error)
    metrics.unexpected.labels(part).inc()
