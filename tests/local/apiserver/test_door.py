"""Who may talk to the server: Host, Origin, token; and whose eyes its files are for."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from local.apiserver.access import Access, allowed_hosts
from local.apiserver.errors import ApiError, Forbidden, Unauthorized
from tests.contract.server import serving
from tests.local.apiserver.conftest import client

ACCESS = Access("secret", allowed_hosts("127.0.0.1", ["my.host"]))
GOOD = {"Host": "127.0.0.1:6443", "Authorization": "Bearer secret"}


def test_kubeconfig_gives_the_name_that_is_advertised(tmp_path: Path) -> None:
    with serving(tmp_path, "--listen", "0.0.0.0:0", "--advertise", "127.0.0.2") as server:
        assert server.ready.read_text().startswith("https://127.0.0.2:")
        assert client(server).get("/api/v1/namespaces/default").status == 200


@pytest.mark.parametrize("host", ["127.0.0.1:6443", "localhost", "LOCALHOST:1", "[::1]:6443", "my.host:80"])
def test_own_names_are_let_in(host: str) -> None:
    ACCESS.check("/api", GOOD | {"Host": host})


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"Host": "evil.example:6443"}, Forbidden),
        ({"Host": ""}, Forbidden),
        ({"Host": "127.0.0.1.evil.example"}, Forbidden),
        ({"Origin": "https://evil.example"}, Forbidden),
        ({"Origin": "null"}, Forbidden),
        ({"Authorization": "Bearer other"}, Unauthorized),
        ({"Authorization": "Basic secret"}, Unauthorized),
        ({"Authorization": ""}, Unauthorized),
    ],
)
def test_strangers_are_refused(change: dict[str, str], error: type[ApiError]) -> None:
    with pytest.raises(error):
        ACCESS.check("/api", GOOD | change)


def test_health_needs_no_token_but_a_host() -> None:
    ACCESS.check("/readyz", {"Host": "localhost"})
    with pytest.raises(Forbidden):
        ACCESS.check("/readyz", {"Host": "evil.example"})


def test_listening_everywhere_lets_no_more_names_in() -> None:
    everywhere = "0.0.0.0"  # noqa: S104 - a name to be refused, nothing listens
    assert everywhere not in allowed_hosts(everywhere, [])


def test_web_page_is_refused_over_the_wire(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        api = client(server)
        for header in ({"Origin": "https://evil.example"}, {"Host": "evil.example"}):
            answer = api.call("GET", "/api/v1/namespaces", headers=header)
            assert (answer.status, answer.reason) == (403, "Forbidden")
        secrets = [server.kubeconfig, tmp_path / "state" / "token", tmp_path / "state" / "server.pem"]
        assert [stat.S_IMODE(path.stat().st_mode) for path in secrets] == [0o600, 0o600, 0o600]
