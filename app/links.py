"""A link to one result that works without a token until it expires: for a colleague, a spreadsheet, a download tool.

The link is the result's own address with an expiry and an HMAC over namespace, address and every parameter, so none of
them can be changed. It names the request's uid: a new request of the same name is another one. Keys lie in a file, one
a line; the first signs, all of them count, and the file is read each time, so keys can be changed while we run. A link
cannot be taken back but by taking its key away, so its life is bounded by a setting.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

from app.refusals import LinkExpired, LinkInvalid, LinksOff
from app.settings import Settings

PARAMETERS = ("uid", "expires", "signature")
KEY_BYTES = 32
_PURPOSE = "textmill link 1"


def make_link(settings: Settings, path: str, uid: str, asked: Mapping[str, str], seconds: int) -> tuple[str, int]:
    """Return the address with its signature, and when it expires (seconds since the epoch)."""
    expires = int(time.time()) + seconds
    given = {**asked, "uid": uid, "expires": str(expires)}
    signature = _signature(_keys(settings)[0], settings.namespace, path, given)
    return f"{path}?{urlencode({**given, 'signature': signature})}", expires


def check_link(settings: Settings, path: str, asked: MultiDict[str, str]) -> str:
    """Return the uid of the request that a link is for; LinkInvalid or LinkExpired where it is not to be taken."""
    if any(len(values) > 1 for values in asked.listvalues()):
        raise LinkInvalid("A parameter of the link came more than once.")
    given = asked.to_dict()
    told = given.pop("signature").encode("utf-8", "replace")
    wanted = [_signature(key, settings.namespace, path, given) for key in _keys(settings)]
    if not any([hmac.compare_digest(told, one.encode()) for one in wanted]):  # noqa: C419 - each is compared, always
        raise LinkInvalid("The signature does not fit the link.")
    expires = int(given["expires"])  # we wrote it ourselves, by the signature's word
    if time.time() >= expires:
        raise LinkExpired("The link's time is over.")
    return given["uid"]


def _signature(key: bytes, namespace: str, path: str, given: Mapping[str, str]) -> str:
    text = "\n".join((_PURPOSE, namespace, path, urlencode(sorted(given.items()))))
    return hmac.new(key, text.encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()


def _keys(settings: Settings) -> list[bytes]:
    if not settings.link_key_file:
        raise LinksOff("This service has no key for links.")
    try:
        lines = [line.strip() for line in Path(settings.link_key_file).read_bytes().splitlines()]
    except OSError as error:
        raise LinksOff(f"The file of the keys for links cannot be read ({error.strerror}).") from error
    keys = [line for line in lines if len(line) >= KEY_BYTES]
    if not keys:
        raise LinksOff(f"The file of the keys for links has no line of at least {KEY_BYTES} bytes.")
    return keys
