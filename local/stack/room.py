"""Whether the disk of a stack has room for uploads at all, told at the start and not first by a refused upload.

The HTTP interface keeps a margin free; here its setting is only read, as the stack imports none of what it starts.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path

from local import quantity

SETTING = "TEXTMILL_KEEP_FREE_BYTES"
USUAL = "64Mi"
"""What the HTTP interface leaves free where the setting is not given."""
MEGABYTE = 1_000_000


def little(state: Path, environ: Mapping[str, str]) -> str:
    """Return a line where uploads will be refused for lack of room, else nothing."""
    try:
        kept = int(quantity.parse(environ.get(SETTING) or USUAL))
    except ValueError:
        return ""  # the HTTP interface says so, in its own words
    free = shutil.disk_usage(state).free
    if free >= kept:
        return ""
    return (
        f"no room: {state} has {free // MEGABYTE:,} MB free, and uploads are refused below {kept // MEGABYTE:,} MB "
        f"({SETTING}); free some, or name a folder on another disk: make run STATE=FOLDER"
    )
