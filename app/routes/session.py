"""`/sign-in`, `/sign-out`: how a browser brings a token, as a cookie that no script and no other site can use.

The cookie holds the token itself, since replicas share nothing; it goes with the browser's session, is sent back by
our own pages only (SameSite=Strict), and changes that come with it need the browser's word on where they come from.
"""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from app.door import COOKIE, TOKEN_BYTES
from app.guard import host_name
from app.rates import network
from app.refusals import TokenInvalid, TokenMissing
from app.room import room

session = Blueprint("session", __name__)
COOKIE_BYTES = 3900
"""Browsers keep cookies of 4,096 bytes, name and attributes included."""
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


@session.get("/sign-in")
def form() -> Response:
    """Show where to put a token."""
    return make_response(render_template("sign-in.html", on=room().door.on, problem=None))


@session.post("/sign-in")
def begin() -> AnyResponse:
    """Take a token, have it reviewed and give it back as a cookie."""
    request.max_content_length = 2 * TOKEN_BYTES
    token = request.form.get("token", "").strip()
    if not room().door.on or not token:
        raise TokenMissing("No token came, or none is needed here.")
    if len(token) > COOKIE_BYTES or not token.isascii() or not token.isprintable():
        raise TokenInvalid(f"The token has characters that no token has, or more than {COOKIE_BYTES} of them.")
    room().door.user(token, network(request.remote_addr or ""))
    answer = redirect("/", code=303)
    plain = not request.is_secure and host_name(request.headers.get("Host", "")) in _LOOPBACK
    answer.set_cookie(COOKIE, token, httponly=True, samesite="Strict", secure=not plain, path="/")
    return answer


@session.post("/sign-out")
def end() -> AnyResponse:
    """Have the browser forget the token."""
    answer = redirect("/sign-in", code=303)
    answer.delete_cookie(COOKIE, path="/")
    return answer
