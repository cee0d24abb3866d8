"""The errors of who may do what: no token, a wrong one, a right that is missing, a link that does not open.

Beside `app/errors.py`, whose base they share. Their details never hold a token, a signature or a key.
"""

from __future__ import annotations

from typing import Any

from app.errors import AppError

CHALLENGE = 'Bearer realm="textmill"'


class TokenMissing(AppError):
    """Nobody said who asks."""

    status, reason, title = 401, "TokenMissing", "Who is asking?"
    hint = "Send `Authorization: Bearer TOKEN`, as from `kubectl create token NAME`; a browser signs in at /sign-in."

    def __init__(self, detail: str, **more: Any) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": CHALLENGE}, **more)


class TokenInvalid(AppError):
    """The token stands for nobody."""

    status, reason, title = 401, "TokenInvalid", "This token stands for nobody"
    hint = "Get a new one, as with `kubectl create token NAME`; tokens expire."

    def __init__(self, detail: str, **more: Any) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": f'{CHALLENGE}, error="invalid_token"'}, **more)


class NotPermitted(AppError):
    """This user lacks a right."""

    status, reason, title = 403, "NotPermitted", "You may not do that"
    hint = "Have a Role with this verb on processingrequests bound to you; `kubectl auth can-i` tells what you may."


class LinkInvalid(AppError):
    """The link was changed, or its key has gone."""

    status, reason, title = 403, "LinkInvalid", "This link does not open anything"
    hint = "Use the link exactly as it was made, or have a new one made."


class LinkExpired(AppError):
    """The link was good."""

    status, reason, title = 403, "LinkExpired", "This link has expired"
    hint = "Have a new one made with POST /requests/NAME/links."


class LinksOff(AppError):
    """There is no key to sign with."""

    status, reason, title = 501, "LinksOff", "This service makes no links"
    hint = "Have TEXTMILL_LINK_KEY_FILE set to a file with a line of at least 32 random bytes."
