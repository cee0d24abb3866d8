"""Which port a stack takes, and why it takes none."""

from __future__ import annotations

import errno
import socket
import sys
from pathlib import Path

import pytest

from local.errors import PortTaken
from local.stack import ports, serve
from local.stack.ports import Ports


def test_next_free_port_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with Ports() as kept:
            assert port < kept.take("127.0.0.1", port) <= port + ports.TRIED


def test_port_that_is_asked_for_is_not_replaced() -> None:
    with Ports() as kept:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            with pytest.raises(PortTaken, match=f"^port {port} is taken$"):
                kept.take("127.0.0.1", port, exactly=True)
        assert kept.take("127.0.0.1", port, exactly=True) == port


@pytest.mark.skipif(sys.platform != "linux", reason="others refuse to listen at a port that is kept")
def test_port_that_was_taken_is_for_the_part_that_names_it_and_for_no_other() -> None:
    with Ports() as kept:
        port = kept.take("127.0.0.1", 0)
        assert kept.take("127.0.0.1", port) > port
        with pytest.raises(PortTaken, match=f"^port {port} is taken$"):
            kept.take("127.0.0.1", port, exactly=True)
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", port))
        with socket.create_server(("127.0.0.1", port)) as part:
            assert part.getsockname()[1] == port
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))


@pytest.mark.parametrize("noted", ["", "x", "\0"])
def test_note_of_a_port_that_a_kill_broke_is_no_trouble(tmp_path: Path, noted: str) -> None:
    (tmp_path / "cluster-port").write_text(noted)
    with Ports() as kept:
        found = serve.layout(kept, tmp_path, "127.0.0.1", 0).cluster_port
    assert (tmp_path / "cluster-port").read_text() == str(found)
    with Ports() as kept:
        assert serve.layout(kept, tmp_path, "127.0.0.1", 0).cluster_port == found


@pytest.mark.parametrize("port", [-1, 65_536, 99_999])
def test_number_that_is_no_port_is_told(port: int) -> None:
    with pytest.raises(PortTaken, match=f"^{port} is no port$"), Ports() as kept:
        kept.take("127.0.0.1", port)


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host"])
def test_address_of_another_machine_is_told(host: str) -> None:
    with pytest.raises(PortTaken, match=f"^{host} is no address of this machine: "), Ports() as kept:
        kept.take(host, 5_000)


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (errno.EACCES, "there is no right to listen at port 80"),
        (errno.EADDRINUSE, "none of the ports 80 to 179 is free"),
    ],
)
def test_port_that_cannot_be_had_says_why(monkeypatch: pytest.MonkeyPatch, number: int, told: str) -> None:
    def bind(self: Ports, host: str, port: int) -> int:
        raise OSError(number, "no")

    monkeypatch.setattr(Ports, "_bind", bind)
    with pytest.raises(PortTaken, match=f"^{told}$"), Ports() as kept:
        kept.take("127.0.0.1", 80)
