"""`python -m local demo`: the main job from end to end, as a person would see it, on a stack of its own.

Everything that is started is stopped again, and the state goes with its temporary folder; where a part of the stack
failed, the logs stay and are named. The text is CPython's own help text, which every installation carries, or the file
that is named.
"""

import asyncio
import http.client
import importlib
import json
import os
import shutil
import stat
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

from local.errors import DemoFailed, LocalError, RequestFailed
from local.stack import engine, parts, signals
from local.stack.parts import Layout
from local.stack.ports import Ports
from local.stack.serve import layout, running, supervising
from local.stack.showing import bar, file_name, say
from local.stack.supervisor import Supervisor

WAIT_SECONDS = 3600.0
LOOK_SECONDS = 0.05
BAR = 40


async def demo(file: Path | None) -> int:
    """Run the demonstration; return 0, or the number of the signal that ended it. DemoFailed says what went wrong."""
    if file:
        _check(file)
    hurried = asyncio.Event()
    return await signals.until_told(_demo(file, hurried), hurried.set)


async def _demo(file: Path | None, hurried: asyncio.Event) -> None:
    folder = Path(tempfile.mkdtemp(prefix="textmill-demo-"))
    kept = ""
    try:
        with Ports() as ports:
            where = layout(ports, folder, "127.0.0.1", 0)
            await _run(where, supervising(where, hurried), file or help_text(folder))
    except asyncio.CancelledError:
        say("interrupted; ", end="")
        raise
    except RequestFailed:
        raise  # its status has said why
    except LocalError as error:
        if (folder / "logs").exists():
            kept, error.hint = "logs", f"the logs are kept in {folder / 'logs'}"
        raise
    finally:
        _remove(folder, kept)
        say("everything is stopped")


async def _run(where: Layout, supervisor: Supervisor, source: Path) -> None:
    began = time.monotonic()
    say("starting the API server, the Job controller, the kubelet, the operator and the API ...")
    async with running(where, supervisor):
        say(f"ready after {time.monotonic() - began:.1f} s at {where.url}")
        await asyncio.to_thread(_show, where, source)


def _check(file: Path) -> None:
    hint = "name a text file by FILE="
    try:
        mode = file.stat().st_mode
        if stat.S_ISDIR(mode):
            raise DemoFailed(f"{file_name(file)} is a folder", "name one text file by FILE=")
        if not stat.S_ISREG(mode):
            raise DemoFailed(f"{file_name(file)} is no regular file", hint)
        file.open("rb").close()
    except FileNotFoundError as error:
        raise DemoFailed(f"there is no file {file_name(file)}", hint) from error
    except OSError as error:
        raise DemoFailed(f"{file_name(file)} cannot be read: {error.strerror}", hint) from error


def _remove(folder: Path, kept: str) -> None:
    """Remove the demo's folder, but for one of its entries where that is to be kept."""
    for path in folder.iterdir():
        if path.name == kept:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    if not kept:
        shutil.rmtree(folder, ignore_errors=True)


def help_text(folder: Path) -> Path:
    """Write the help topics that come with Python into a file, and return its path."""
    try:
        topics: dict[str, str] = importlib.import_module("pydoc_data.topics").topics
    except ImportError as error:
        raise DemoFailed("this Python has no pydoc_data.topics", "name a text file by FILE=") from error
    path = folder / "python-help-topics.txt"
    path.write_text("\n".join(topics.values()), encoding="utf-8")
    return path


def _show(where: Layout, source: Path) -> None:
    began = time.monotonic()
    size = source.stat().st_size
    say(f"uploading {file_name(source)} ({_counted(size, 'byte')})")
    if size >= engine.BIG and (line := engine.why_slow(where.program, parts.environment(where, os.environ))):
        say(line)
    name = _upload(where, source)
    ended = _follow(where, name, began)
    if ended["phase"] != "Succeeded":
        condition: dict[str, Any] = next((one for one in ended["conditions"] if one["type"] == "Succeeded"), {})
        raise RequestFailed(f"the request failed: {condition.get('reason')}: {condition.get('message')}")
    result = ended["result"]
    told = f"{_counted(result['bytes'], 'byte')}, {_counted(result['tokens'], 'word')}"
    say(f"\n{told}, {result['distinctWords']:,} of them distinct\n")
    say(chart(result["topWords"]))
    say(f"\nfrom upload to result: {time.monotonic() - began:.2f} s")


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def chart(top: list[dict[str, Any]]) -> str:
    """Return the most frequent words as bars, the first one BAR characters long."""
    if not top:
        return "(no words)"
    width = max(len(one["word"]) for one in top)
    most = max(one["count"] for one in top)
    rows = (
        f"  {one['word']:<{width}}  {bar(max(1, round(BAR * one['count'] / most))):<{BAR}}  {one['count']:>9,}"
        for one in top
    )
    return "\n".join(rows)


def _upload(where: Layout, source: Path) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", where.api_port, timeout=600)
    headers = {"Content-Type": "application/octet-stream", "Content-Length": str(source.stat().st_size)}
    try:
        with source.open("rb") as body:
            connection.request("POST", f"/upload?filename={quote(file_name(source))}", body, headers)
        answer = connection.getresponse()
        content = json.loads(answer.read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise DemoFailed(f"the upload broke off: {error}") from error
    finally:
        connection.close()
    if answer.status != 202:
        raise DemoFailed(f"the upload was refused: {content.get('title')}: {content.get('detail')}")
    return str(content["name"])


def _follow(where: Layout, name: str, began: float) -> dict[str, Any]:
    """Print each change of phase or progress until the request has ended."""
    shown = ""
    connection = http.client.HTTPConnection("127.0.0.1", where.api_port, timeout=60)
    try:
        while time.monotonic() < began + WAIT_SECONDS:
            connection.request("GET", f"/requests/{name}")
            answer: dict[str, Any] = json.loads(connection.getresponse().read())
            now = f"{answer['phase']:<11} {(answer.get('progress') or {}).get('percent', 0):>3} %"
            if now != shown:
                say(f"  {time.monotonic() - began:5.2f} s  {now}")
                shown = now
            if answer["phase"] in ("Succeeded", "Failed"):
                return answer
            time.sleep(LOOK_SECONDS)
    except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
        raise DemoFailed(f"the request {name} could not be followed: {error}") from error
    finally:
        connection.close()
    raise DemoFailed(f"the request {name} has not ended within {WAIT_SECONDS:.0f} s", "is the machine very busy?")
