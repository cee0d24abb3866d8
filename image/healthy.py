"""`python -m image healthy URL...`: whether a part answers, for Compose's health checks; the image has no curl.

It asks the container's own loopback, so a certificate proves nothing there and is not looked at, and no proxy is used.
"""

from __future__ import annotations

import argparse
import ssl
import sys
import urllib.request
from collections.abc import Sequence

SECONDS = 4.0
"""For one address; Compose's health checks wait ten seconds for two."""


def main(arguments: Sequence[str]) -> int:
    """Ask each address once; 1 and the reason at the first that does not answer well."""
    parser = argparse.ArgumentParser(prog="healthy", description="Fail unless each address answers well.")
    parser.add_argument("url", nargs="+", help="address, such as http://127.0.0.1:5000/readyz")
    urls: list[str] = parser.parse_args(arguments).url
    for url in urls:
        if not url.startswith(("http://", "https://")):
            parser.error(f"{url!r} is no http:// or https:// address")
    return 0 if all(map(_answers_well, urls)) else 1


def _answers_well(url: str) -> bool:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    straight, https = urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
    opener = urllib.request.build_opener(straight, https)
    try:
        opener.open(url, timeout=SECONDS).close()
    except OSError as error:
        sys.stderr.write(f"{url}: {error}\n")
        return False
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
