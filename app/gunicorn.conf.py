"""How gunicorn serves this room: one process, many threads, JSON logs, a clean stop.

Uploads and downloads wait on sockets and disks, and hashing lets go of the interpreter's lock, so threads serve them;
one process keeps the metrics in one place. SIGTERM stops taking connections and lets running requests end.
"""

import os
from typing import Any

from app.limits import Limits
from app.listening import addresses
from app.logs import configuration
from app.settings import Settings

_settings = Settings.load(os.environ)

bind = addresses(_settings.listen)
workers = 1
worker_class = "app.server.ProblemWorker"
threads = _settings.threads
worker_connections = 1 << 20  # app/limits.py says how many there may be, and which go
graceful_timeout = _settings.stop_seconds
timeout = 60
keepalive = 5
limit_request_line = 8190
limit_request_fields = 64
limit_request_field_size = 8190
logconfig_dict = configuration(_settings.log_level)
accesslog = None
forwarded_allow_ips = ""  # nobody's headers say where we are; which proxies are believed is TEXTMILL_TRUSTED_PROXIES
control_socket_disable = True


def post_worker_init(worker: Any) -> None:
    """Give the worker, which gunicorn makes, the settings that are its own."""
    worker.limits = Limits.of(_settings)
