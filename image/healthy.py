"""`python -m image healthy URL`: whether a part answers, for Compose's health checks; the image has no curl.

It asks the container's own loopback, so a certificate proves nothing there and is not looked at.
"""

from __future__ import annotations

import argparse
import ssl
import sys
import urllib.request
from collections.abc import Sequence

SECONDS = 5.0


def main(arguments: Sequence[str]) -> int:
    """Ask once; 1 and the reason unless the answer is a good one."""
    parser = argparse.ArgumentParser(prog="healthy", description="Fail unless an address answers well.")
    parser.add_argument("url", help="address, such as http://127.0.0.1:5000/readyz")
    url = parser.parse_args(arguments).url
    if not url.startswith(("http://", "https://")):
        parser.error(f"{url!r} is no http:// or https:// address")
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        urllib.request.urlopen(url, timeout=SECONDS, context=context).close()  # noqa: S310 - the scheme is checked above
    except OSError as error:
        sys.stderr.write(f"{url}: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
