"""What the operator tells about itself over HTTP: /healthz, /readyz and /metrics.

/healthz is red when starting the process anew would help: the watch is silent, the loop is stuck, a part of
it has ended. /readyz is green once the first picture is complete on the leader, and once the Lease was tried on
those that stand by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from textmill_operator.errors import Misconfigured
from textmill_operator.metrics import Metrics

Check = Callable[[], str | None]
"""Returns what is wrong, None where nothing is."""


def application(metrics: Metrics, healthy: Iterable[Check], ready: Iterable[Check]) -> web.Application:
    """Return the three routes over these checks."""
    health_checks, ready_checks = tuple(healthy), tuple(ready)

    def report(checks: tuple[Check, ...]) -> web.Response:
        wrong = [text for text in (check() for check in checks) if text]
        return web.Response(text="\n".join(wrong or ["ok"]) + "\n", status=503 if wrong else 200)

    async def healthz(_: web.Request) -> web.Response:
        return report(health_checks)

    async def readyz(_: web.Request) -> web.Response:
        return report(ready_checks)

    async def show_metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", show_metrics)])
    return app


async def serve(app: web.Application, host: str | None, port: int) -> tuple[web.AppRunner, int]:
    """Listen there (port 0 takes a free one); return the runner, to be cleaned up, and the port."""
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        await runner.cleanup()
        raise Misconfigured(f"cannot listen for /healthz at {host or '*'}:{port}: {error}") from error
    return runner, int(runner.addresses[0][1])
