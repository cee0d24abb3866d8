"""The door of every address: which right it needs, and where a caller's token is found.

Every address stands in `RIGHTS`; one that is missing there is closed to all while the door is shut. A browser may bring
the token as a cookie (`app/routes/session.py`); then a change needs the browser's word that our own page asks for it. A
signed link opens the one address that it names.
"""

from __future__ import annotations

from flask import Flask, g, request

from app.errors import OriginNotAllowed
from app.links import check_link
from app.rates import network
from app.refusals import NotPermitted, TokenInvalid, TokenMissing
from app.room import room

COOKIE = "textmill-token"
TOKEN_BYTES = 8 << 10
OPEN = ""
RIGHTS = {
    "static": OPEN,
    "health.healthz": OPEN,
    "health.readyz": OPEN,
    "health.metrics": OPEN,
    "api.described": OPEN,
    "api.page": OPEN,
    "session.form": OPEN,
    "session.begin": OPEN,
    "session.end": OPEN,
    "page.home": "list",
    "page.send": "create",
    "page.view": "get",
    "page.delete": "delete",
    "uploads.upload": "create",
    "uploads.request_for_stored": "create",
    "resumable.abilities": OPEN,
    "resumable.create": "create",
    "resumable.state": "create",
    "resumable.append": "create",
    "resumable.end": "create",
    "resumable.override": "create",
    "requests.listing": "list",
    "requests.one": "get",
    "status.told": "list",
    "requests.delete": "delete",
    "events.of_all": "watch",
    "events.of_one": "get",
    "links.make": "get",
    "results.older_result": "get",
    "results.words": "get",
    "results.tokens": "get",
}
"""The verb on processingrequests that an address needs; OPEN needs none."""


def register(application: Flask) -> None:
    """Let nobody pass who may not."""
    application.before_request(_check)


def _check() -> None:
    if request.endpoint is None:  # there is nothing at this address, and everybody may know that
        return
    if "signature" in request.args and request.endpoint == "results.words":
        g.link = check_link(room().settings, request.path, request.args)
        return
    door = room().door
    if not door.on or RIGHTS.get(request.endpoint) == OPEN:
        return
    token, cookie = given_token()
    if cookie and request.method not in ("GET", "HEAD", "OPTIONS"):
        _check_own_page()
    user = door.user(token, network(request.remote_addr or ""))
    g.user = user.name
    request.environ["REMOTE_USER"] = user.name
    verb = RIGHTS.get(request.endpoint)
    if verb is None:
        raise NotPermitted("This address is closed: nothing says which right it needs.")
    name = str((request.view_args or {}).get("name") or "")
    door.check(user, verb, name)


def given_token() -> tuple[str, bool]:
    """Return the token that came, and whether it came as the page's cookie; TokenMissing where none came."""
    header = request.headers.get("Authorization", "")
    scheme, _, token = header.partition(" ")
    token, cookie = token.strip(), False
    if not header:
        token, cookie = request.cookies.get(COOKIE, ""), True
    elif scheme.lower() != "bearer":
        raise TokenMissing("The Authorization header must be `Bearer` and a token.")
    if not token:
        raise TokenMissing("No token came.")
    if len(token) > TOKEN_BYTES or not token.isascii() or not token.isprintable():
        raise TokenInvalid("The token has characters or a length that no token has.")
    return token, cookie


def _check_own_page() -> None:
    if request.headers.get("Origin") is None and request.headers.get("Sec-Fetch-Site") != "same-origin":
        raise OriginNotAllowed("A change with the page's cookie needs the header Origin or Sec-Fetch-Site.")
