"""Which addresses are this machine's own: no proxy stands between, whatever the environment names.

Libraries take HTTPS_PROXY and the like for every host that NO_PROXY does not name, and a proxy elsewhere can never
reach this machine's loopback.
"""

from ipaddress import ip_address
from urllib.parse import urlsplit


def is_loopback(url: str) -> bool:
    """Tell whether a URL leads to the machine that asks; one that cannot be read does not."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
