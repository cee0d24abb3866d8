"""`python -m local run` and `demo` as commands: what they print, what they leave, and how they refuse."""

from __future__ import annotations

import hashlib
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import IO

import pytest

from tests.bench.stack import call
from tests.stack.processes import descendants

ROOT = Path(__file__).parents[2]
ENVIRONMENT = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'operator'}"}


def command(*arguments: str) -> list[str]:
    """Return a command of the stack."""
    return [sys.executable, "-m", "local", *arguments]


def sha256(content: bytes) -> str:
    """Return the digest under which content is stored."""
    return hashlib.sha256(content).hexdigest()


def start(state: Path, port: int | None, *more: str, **settings: str) -> subprocess.Popen[str]:
    """Start a stack, at its usual port where none is given."""
    asked = () if port is None else ("--port", str(port))
    arguments = command("run", "--state", str(state), *asked, *more)
    return subprocess.Popen(arguments, cwd=ROOT, env=ENVIRONMENT | settings, stdout=subprocess.PIPE, text=True)


def refused(*arguments: str) -> str:
    """Run a command that has to end with 1 and print nothing, and return what it says on standard error."""
    done = subprocess.run(
        command(*arguments), cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    return done.stderr


def read_until(stream: IO[str] | None, end: str) -> str:
    """Read lines up to and with the one that holds `end`."""
    assert stream is not None
    text = ""
    for line in stream:
        text += line
        if end in line:
            return text
    raise AssertionError(f"{end!r} was never printed: {text}")


def stop(process: subprocess.Popen[str]) -> str:
    """Press Ctrl-C and return what is printed until the end."""
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=60)
    return rest


def test_run_prints_both_addresses_and_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    process = start(tmp_path / "state", 0)
    printed = read_until(process.stdout, "Ctrl-C")
    assert re.search(r"http://127\.0\.0\.1:\d+", printed)
    (kubeconfig,) = map(Path, re.findall(r"KUBECONFIG=(\S+)", printed))
    assert kubeconfig == tmp_path / "state" / "kubeconfig"
    assert (kubeconfig.stat().st_mode | kubeconfig.parent.stat().st_mode) & 0o077 == 0
    children = descendants(process.pid)
    assert len(children) >= 5
    assert stop(process).endswith("stopped\n")
    assert process.returncode == 0
    assert [pid for pid in children if Path(f"/proc/{pid}").exists()] == []


def test_run_says_at_the_start_that_uploads_will_find_no_room(tmp_path: Path) -> None:
    process = start(tmp_path / "state", 0, TEXTMILL_KEEP_FREE_BYTES="900Ti")
    printed = read_until(process.stdout, "Ctrl-C")
    stop(process)
    assert f"no room: {tmp_path / 'state'} has " in printed


def test_run_goes_on_when_nobody_reads_it_any_more(tmp_path: Path) -> None:
    process = start(tmp_path / "state", 0)
    assert process.stdout
    assert process.stdout.readline().startswith("starting")
    process.stdout.close()
    logs = tmp_path / "state" / "logs"
    end = time.monotonic() + 60
    while not (logs / "api.log").exists():
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0


def test_taken_port_that_was_asked_for_is_refused(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = refused("run", "--state", str(tmp_path / "state"), "--port", str(port))
    assert told == f"textmill: port {port} is taken\ntextmill: stop what listens there, or give another by PORT=\n"


def test_usual_port_that_is_taken_is_told_and_the_next_is_used(tmp_path: Path) -> None:
    with socket.socket() as taken:
        with suppress(OSError):  # somebody else has it: just as well
            taken.bind(("127.0.0.1", 5000))
            taken.listen()
        process = start(tmp_path / "state", None)
        printed = read_until(process.stdout, "Ctrl-C")
        stop(process)
    (found,) = re.findall(r"^Textmill +http://127\.0\.0\.1:(\d+)$", printed, re.MULTILINE)
    assert int(found) > 5000
    assert printed.startswith(f"port 5000 is another program's, so this is at {found}: ")


def test_second_stack_on_the_same_state_is_refused(tmp_path: Path) -> None:
    first = start(tmp_path / "state", 0)
    read_until(first.stdout, "Ctrl-C")
    told = refused("run", "--state", str(tmp_path / "state"), "--port", "0")
    stop(first)
    assert f"in use by a stack that runs as process {first.pid}" in told


def ask(process: subprocess.Popen[str], *calls: tuple[str, str, bytes]) -> list[tuple[int, object]]:
    """Wait until a stack is up, send calls to it, and return what each was answered."""
    port = int(re.findall(r"127\.0\.0\.1:(\d+)", read_until(process.stdout, "Ctrl-C"))[0])
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        return [call(connection, method, path, body, {"Content-Type": "text/plain"}) for method, path, body in calls]


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGKILL])
def test_state_and_address_are_there_again_after_an_end(tmp_path: Path, sign: signal.Signals) -> None:
    process = start(tmp_path / "state", 0)
    ((status, _),) = ask(process, ("POST", "/upload?name=kept", b"words that stay"))
    kubeconfig = (tmp_path / "state" / "kubeconfig").read_text()
    children = descendants(process.pid)
    process.send_signal(sign)
    process.communicate(timeout=60)
    again = start(tmp_path / "state", 0)
    ((found, answer),) = ask(again, ("GET", "/requests/kept", b""))
    stop(again)
    assert (status, found) == (202, 200), answer
    assert (tmp_path / "state" / "kubeconfig").read_text() == kubeconfig
    assert [pid for pid in children if Path(f"/proc/{pid}").exists()] == []


def test_volume_is_swept_while_the_stack_runs(tmp_path: Path) -> None:
    process = start(tmp_path / "state", 0, "--sweep-every", "0")
    texts = {name: f"words of {name}".encode() for name in ("kept", "gone")}
    uploads = [("POST", f"/upload?name={name}", text) for name, text in texts.items()]
    answers = ask(process, *uploads, ("DELETE", "/requests/gone", b""))
    assert [status for status, _ in answers][:2] == [202, 202]
    stop(process)
    contents = tmp_path / "state" / "volume" / "uploads"
    kept, gone = (contents / digest[:2] / digest for digest in map(sha256, texts.values()))
    assert (kept.exists(), gone.exists()) == (True, True)

    process = start(tmp_path / "state", 0, "--sweep-every", "0.1", TEXTMILL_SWEEP_GRACE="0")
    read_until(process.stdout, "Ctrl-C")
    end = time.monotonic() + 60
    while gone.exists():
        assert time.monotonic() < end, (tmp_path / "state" / "logs" / "sweep.log").read_text()
        time.sleep(0.05)
    assert stop(process).endswith("stopped\n")
    assert kept.exists()


@pytest.mark.parametrize("pause", ["nan", "-1"])
def test_pause_that_is_none_is_refused(tmp_path: Path, pause: str) -> None:
    arguments = command("run", "--state", str(tmp_path / "state"), f"--sweep-every={pause}")
    done = subprocess.run(arguments, cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, (tmp_path / "state").exists()) == (2, False)
    assert done.stderr.endswith(f"argument --sweep-every: '{pause}' is no number of seconds\n")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("one two two three three three\n", "\n30 bytes, 6 words, 3 of them distinct\n"),
        ("one", "\n3 bytes, 1 word, 1 of them distinct\n"),
    ],
)
def test_demo_shows_the_words_of_a_file(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "text"
    file.write_text(text)
    arguments = command("demo", "--file", str(file))
    done = subprocess.run(
        arguments, cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert told in done.stdout
    shown = [line.split()[0] for line in done.stdout.splitlines() if "█" in line]
    assert shown == [word for word in ("three", "two", "one") if word in text]
    assert done.stdout.endswith("everything is stopped\n")
    assert done.stderr == ""


@pytest.mark.parametrize("moment", ["starting", "ready", "uploading"])
def test_interrupted_demo_stops_everything_and_says_so_in_one_line(tmp_path: Path, moment: str) -> None:
    (tmp_path / "text").write_text("one two\n" * 2_000_000)
    arguments = command("demo", "--file", str(tmp_path / "text"))
    process = subprocess.Popen(
        arguments, cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    read_until(process.stdout, moment)
    children = descendants(process.pid)
    process.send_signal(signal.SIGINT)
    printed, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (130, "")
    assert printed.splitlines()[-1] == "interrupted; everything is stopped"
    assert [pid for pid in children if Path(f"/proc/{pid}").exists()] == []


def test_interrupt_while_the_command_is_imported_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "local").mkdir()
    (tmp_path / "local" / "__init__.py").touch()
    (tmp_path / "local" / "__main__.py").write_text((ROOT / "local" / "__main__.py").read_text())
    (tmp_path / "local" / "commands.py").write_text("import signal; signal.raise_signal(signal.SIGINT)\n")
    done = subprocess.run(command("demo"), cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "textmill: interrupted before anything was started\n"


def test_cluster_alone_has_the_resource_and_no_textmill(tmp_path: Path) -> None:
    arguments = command("cluster", "--state", str(tmp_path / "state"), "--port", "0")
    process = subprocess.Popen(arguments, cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True)
    printed = read_until(process.stdout, "Ctrl-C")
    kubectl = [str(Path(sys.executable).parent / "kubectl"), "--kubeconfig", str(tmp_path / "state" / "kubeconfig")]
    asked = subprocess.run([*kubectl, "get", "preq,pvc", "-o", "name"], capture_output=True, text=True, check=False)
    parts = sorted(path.stem for path in (tmp_path / "state" / "logs").iterdir())
    assert stop(process).endswith("stopped\n")
    assert (asked.returncode, asked.stdout) == (0, "persistentvolumeclaim/textmill-data\n"), asked.stderr
    assert parts == ["api-server", "job-controller", "kubelet"]
    assert "Textmill" not in printed
