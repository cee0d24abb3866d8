"""What becomes of a request with which a step of planning raised: it ends with a reason, and nothing else changes.

That should not happen, as what comes from outside is checked when it is read. Where it does all the same, one request
must not be looked at for ever, round after round, while it holds a pod.
"""

from __future__ import annotations

from textmill import transitions
from textmill.draft import Draft
from textmill.errors import Reason
from textmill.request import Request


def end(draft: Draft, request: Request) -> None:
    """Fail a request for the fault that was noted last; one that has ended keeps its end and is settled."""
    known = request.seen or request
    if known.status.ended:
        draft.actions.append(transitions.settle(known))
        return
    error = draft.faults[-1].error
    text = f"The operator met an error while it planned this request ({type(error).__name__})"
    draft.actions.append(transitions.fail(known, Reason.INTERNAL_ERROR, text, draft.now))
