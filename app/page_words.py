"""Says on the page what messages say in the words of the resource: who sent a file by the form knows its labels alone.

The operator's sentences and the hints of errors are written for kubectl and for programs, and name fields such as
`spec.encoding`. Here each becomes what stands on the form, or plain words where the form has nothing of that kind.
"""

from __future__ import annotations

import re

ON_THE_FORM = {
    "encoding": "the option “Encoding”",
    "errors": "the option “Bytes that are no text”",
    "fresh": "the option “Work on it anew”",
    "topWords": "the option “Top words to show”",
}
OTHERS = {"input": "the input", "input.sha256": "the digest that was given", "timeoutSeconds": "its limit of time"}
_FIELD = re.compile(r"(?<!Job's )\bspec\.([a-zA-Z]+(?:\.[a-zA-Z0-9]+)?)")
_PAGES = {"docs/api.md": "the page “HTTP interface”"}


def for_people(message: str) -> str:
    """Return a message with the words of the page in place of fields of the resource and files of the documents."""
    for file, page in _PAGES.items():
        message = message.replace(file, page)
    return _FIELD.sub(lambda found: (ON_THE_FORM | OTHERS).get(found[1], found[1]), message)
