"""The addresses, a blueprint for each noun.

A view reads the request, calls the parts and shapes the answer; no more.
"""

from __future__ import annotations

from app.routes.api import api
from app.routes.events import events
from app.routes.health import health
from app.routes.links import links
from app.routes.page import page
from app.routes.requests import requests
from app.routes.results import results
from app.routes.resumable import resumable
from app.routes.session import session
from app.routes.status import status
from app.routes.uploads import uploads

BLUEPRINTS = (uploads, resumable, requests, events, results, links, page, session, api, status, health)
