"""The query of a request as typed values.

What is not understood is refused, not guessed: a misread limit or selector would answer another question.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass

from .admission import IGNORE, STRICT, WARN
from .codec import decode, encode
from .errors import BadRequest, Expired

TRUE = frozenset({"1", "true", "t", "True", "TRUE"})
AGENT_LIMIT = 128


def flag(query: Mapping[str, str], name: str) -> bool:
    """A boolean parameter."""
    return query.get(name, "") in TRUE


def whole(query: Mapping[str, str], name: str) -> int | None:
    """A parameter that is a whole number, not negative."""
    text = query.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit()):
        raise BadRequest(f'{name} must be a whole number, not "{text}"')
    return int(text)


def version(query: Mapping[str, str], name: str = "resourceVersion") -> int | None:
    """A resourceVersion; None where any will do."""
    text = query.get(name, "")
    if not (text.isascii() and text.isdigit()) and text:
        raise BadRequest(f'invalid resource version "{text}"')
    return int(text) if text and text != "0" else None


def dry_run(query: Mapping[str, str]) -> bool:
    """Whether nothing is to be kept."""
    text = query.get("dryRun", "")
    if text not in ("", "All"):
        raise BadRequest(f'dryRun must be "All", not "{text}"')
    return text == "All"


def strictness(query: Mapping[str, str]) -> str:
    """What to do about unknown fields."""
    text = query.get("fieldValidation", "") or WARN
    if text not in (STRICT, WARN, IGNORE):
        raise BadRequest(f'fieldValidation must be one of Ignore, Warn, Strict, not "{text}"')
    return text


def manager(query: Mapping[str, str], agent: str) -> str:
    """Who writes: by name, or by the first word of the User-Agent."""
    named = query.get("fieldManager", "")
    if len(named) > AGENT_LIMIT:
        raise BadRequest(f"fieldManager may not be longer than {AGENT_LIMIT} characters")
    return named or agent.partition("/")[0][:AGENT_LIMIT] or "unknown"


@dataclass(frozen=True, slots=True)
class Continuation:
    """Where a list in pages goes on: after which object, in the state of which version."""

    version: int
    after: tuple[str, str]

    def token(self) -> str:
        """The text that the client brings back."""
        return base64.urlsafe_b64encode(encode([self.version, *self.after])).decode().rstrip("=")


def continuation(text: str) -> Continuation:
    """A token as it was given out."""
    try:
        found, namespace, name = decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return Continuation(int(found), (str(namespace), str(name)))
    except (ValueError, TypeError, binascii.Error) as error:
        raise BadRequest(f'continue key is not valid: "{text[:100]}"') from error


def expired_page(token: Continuation) -> Expired:
    """The refusal of a token whose state is forgotten."""
    return Expired(
        "The provided continue parameter is too old to display a consistent list result. You must start a new list "
        f"without the continue parameter (it was made at {token.version})."
    )
