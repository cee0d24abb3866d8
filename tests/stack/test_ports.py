"""Which port a stack takes, and why it takes none."""

from __future__ import annotations

import errno
import socket
from pathlib import Path

import pytest

from local.errors import PortTaken
from local.stack import serve


def test_next_free_port_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert port < serve.free_port("127.0.0.1", port) <= port + serve.PORTS_TRIED


def test_port_that_is_asked_for_is_not_replaced() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match=f"^port {port} is taken$"):
            serve.free_port("127.0.0.1", port, exactly=True)
    assert serve.free_port("127.0.0.1", port, exactly=True) == port


@pytest.mark.parametrize("noted", ["", "x", "\0"])
def test_note_of_a_port_that_a_kill_broke_is_no_trouble(tmp_path: Path, noted: str) -> None:
    (tmp_path / "cluster-port").write_text(noted)
    found = serve.layout(tmp_path, "127.0.0.1", 0).cluster_port
    assert (tmp_path / "cluster-port").read_text() == str(found)
    assert serve.layout(tmp_path, "127.0.0.1", 0).cluster_port == found


@pytest.mark.parametrize("port", [-1, 65_536, 99_999])
def test_number_that_is_no_port_is_told(port: int) -> None:
    with pytest.raises(PortTaken, match=f"^{port} is no port$"):
        serve.free_port("127.0.0.1", port)


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host"])
def test_address_of_another_machine_is_told(host: str) -> None:
    with pytest.raises(PortTaken, match=f"^{host} is no address of this machine: "):
        serve.free_port(host, 5_000)


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (errno.EACCES, "there is no right to listen at port 80"),
        (errno.EADDRINUSE, "none of the ports 80 to 179 is free"),
    ],
)
def test_port_that_cannot_be_had_says_why(monkeypatch: pytest.MonkeyPatch, number: int, told: str) -> None:
    def bind(host: str, port: int) -> int:
        raise OSError(number, "no")

    monkeypatch.setattr(serve, "_bind", bind)
    with pytest.raises(PortTaken, match=f"^{told}$"):
        serve.free_port("127.0.0.1", 80)
