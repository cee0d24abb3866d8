"""Make the virtual environment in ``.venv`` and install one locked set of packages into it.

The Makefile calls this before any target that runs our code: a fresh clone needs make and a Python only.
It runs on whatever ``python3`` there is, even one too old for Textmill, because its message has to be
readable there: the syntax stays that of Python 3.6 and only the standard library is imported.
It must not resolve versions: what is installed is what the lock names, by hash, as wheels, never compiled.
Two calls at once wait for each other on a lock of the requirements file.
"""

import argparse
import fcntl
import glob
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from typing import IO, Callable, Dict, List, Mapping, Optional, Tuple

OLDEST: Tuple[int, ...] = (3, 11)
NEWEST: Tuple[int, ...] = (3, 14)
SIGNALS = (signal.SIGINT, signal.SIGTERM)
PROBE = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
VERSION = "import sys; print('%d.%d' % sys.version_info[:2])"
NETWORK = (
    "If pip found no version or no connection, check the network, the proxy (HTTPS_PROXY) and the index (PIP_INDEX_URL)"
)
SIZES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "download_sizes.json")
FETCHED = re.compile(r"\s*(Downloading|Using cached) \S+\.whl \(([\d.]+) (bytes|[kMG]B)\)")
UNITS = {"bytes": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9}
TELL_SECONDS = 5.0


class NoInterpreter(Exception):
    """No Python on this machine can carry the environment; the message says what to do."""


def ask(python: str, program: str) -> str:
    """Return what the interpreter prints for a program, or nothing if it cannot run it."""
    try:
        done = subprocess.run([python, "-c", program], check=False, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    except OSError:
        return ""
    return done.stdout.decode().strip() if done.returncode == 0 else ""


def fits(version: str) -> bool:
    """Tell whether a version such as ``3.12`` is one that the locks were made for."""
    parts = tuple(int(part) for part in version.split(".")) if version else ()
    return OLDEST <= parts <= NEWEST


def candidates(environ: Mapping[str, str]) -> List[str]:
    """List the interpreters to try, best first; a ``PYTHON`` that was asked for is the only one."""
    if environ.get("PYTHON"):
        return [environ["PYTHON"]]
    newest_first = ["python3.%d" % minor for minor in range(NEWEST[1], OLDEST[1] - 1, -1)]
    outside_any_environment = getattr(sys, "_base_executable", sys.executable)
    return [outside_any_environment, *newest_first]


def choose(pythons: List[str], ask: Callable[[str, str], str] = ask) -> str:
    """Return the first interpreter that fits and can make environments, or say why none does."""
    seen = []
    for python in pythons:
        version = ask(python, VERSION)
        if not fits(version):
            seen.append("%s is %s" % (python, "Python " + version if version else "not to be run"))
        elif not ask(python, PROBE):
            seen.append("%s (%s) lacks venv or ensurepip" % (python, version))
        else:
            return python
    raise NoInterpreter(
        "Textmill needs Python {}.{} to {}.{} with venv and ensurepip, and found none:\n  {}\n"
        "Install one (Debian, Ubuntu: apt-get install python3 python3-venv)\n"
        "or name one: make PYTHON=/path/to/python3 ...".format(*OLDEST, *NEWEST, "\n  ".join(seen))
    )


def run(command: List[str], follow: Optional[Callable[[IO[bytes]], None]] = None) -> None:
    """Run a command in a session of its own: Ctrl-C ends it and what it has started, and only we speak of it.

    follow: reads what the command prints, to its end; without it the command prints by itself.
    """
    heard = []  # type: List[int]
    process = None
    try:
        interrupting = [one for one in SIGNALS if signal.getsignal(one) is signal.default_int_handler]
        try:
            for one in interrupting:
                signal.signal(one, lambda number, _: heard.append(number))  # not before we know whom to end
            output = subprocess.PIPE if follow else None
            process = subprocess.Popen(command, start_new_session=True, stdout=output)
        finally:
            for one in interrupting:
                signal.signal(one, signal.default_int_handler)
        if heard:
            raise KeyboardInterrupt
        if follow and process.stdout:
            with process.stdout as lines:
                follow(lines)
        code = process.wait()
    except KeyboardInterrupt:
        if process:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        raise
    if code:
        raise subprocess.CalledProcessError(code, command)


def tell_kept(folder: str, asked: str) -> None:
    """Say that an environment keeps its Python where another one is asked for."""
    kept = ask(os.path.join(folder, "bin", "python"), VERSION)
    if fits(kept) and ask(asked, VERSION) != kept:
        print("%s keeps its Python %s; `make distclean` first has it made with %s" % (folder, kept, asked), flush=True)


def ensure_environment(folder: str, environ: Mapping[str, str]) -> str:
    """Create the environment unless a working one stands there already."""
    python = os.path.join(folder, "bin", "python")
    if fits(ask(python, VERSION)) and ask(python, "import pip; print(1)"):
        return python
    base = choose(candidates(environ))
    print("Creating %s with %s" % (folder, base), flush=True)
    if os.path.isdir(folder):
        shutil.rmtree(folder)
    run([base, "-m", "venv", folder])
    return python


def pinned(requirements: str) -> List[str]:
    """List the packages of a lock, each as ``name==version``."""
    with open(requirements) as lock:
        return re.findall(r"^([\w.-]+==[^\s;\\]+)", lock.read(), re.MULTILINE)


def installed(folder: str) -> List[str]:
    """List the packages of an environment by the names of their folders."""
    found = glob.glob(os.path.join(folder, "lib", "python3*", "site-packages", "*.dist-info"))
    return [spelled(os.path.basename(path)[: -len(".dist-info")].replace("-", "==", 1)) for path in found]


def spelled(package: str) -> str:
    """Spell a package as everybody does who compares it."""
    name, _, version = package.partition("==")
    return "%s==%s" % (re.sub(r"[-_.]+", "-", name).lower(), version)


def plan(requirements: str, folder: str) -> Tuple[int, int]:
    """Return how many packages are still to be installed, and how many bytes they are to download, as far as known."""
    with open(SIZES) as file:
        sizes = json.load(file)
    there = {one.partition("==")[0]: one for one in installed(folder)}
    wanted: Dict[str, int] = {}
    for one in pinned(requirements):
        name = spelled(one).partition("==")[0]  # twice in a lock where versions of Python take different ones
        if one in sizes and there.get(name) != spelled(one):
            wanted[name] = sizes[one]
    return len(wanted), sum(wanted.values())


class Progress:
    """Tells how far pip is, by its own lines and by what lies in the environment: on one line of a terminal, else on
    a new one every few seconds, so that nobody waits in silence."""

    def __init__(self, many: int, unpacked: Callable[[], int], clock: Callable[[], float] = time.monotonic) -> None:
        """Begin; `unpacked` counts the packages in the environment."""
        self.many, self.unpacked, self.clock = many, unpacked, clock
        self.fetched, self.size, self.before = 0, 0.0, unpacked()
        self.told = clock()
        self.terminal = sys.stdout.isatty()

    def line(self, text: str) -> None:
        """Take a line of pip's."""
        found = FETCHED.match(text)
        if found:
            self.fetched += 1
            if found.group(1) == "Downloading":
                self.size += float(found.group(2)) * UNITS[found.group(3)]

    def show(self) -> None:
        """Tell how far it is, if it is time to."""
        if not self.terminal and self.clock() < self.told + TELL_SECONDS:
            return
        self.told = self.clock()
        numbers = (self.fetched, self.many, self.size / 1e6, self.unpacked() - self.before)
        text = "  %d of %d packages fetched, %.0f MB downloaded, %d installed" % numbers
        print("\r%s" % text if self.terminal else text, end="" if self.terminal else "\n", flush=True)

    def follow(self, output: IO[bytes]) -> None:
        """Read what pip prints, to its end, and show how far it is meanwhile."""
        left = b""
        while True:
            if select.select([output], [], [], 1.0)[0]:
                block = os.read(output.fileno(), 1 << 16)
                if not block:
                    break
                *lines, left = (left + block).split(b"\n")
                for one in lines:
                    self.line(one.decode("utf-8", "replace"))
            self.show()
        if self.terminal:
            print(flush=True)


def install(python: str, requirements: str, folder: str) -> None:
    """Install exactly what the lock says, and tell before what it takes and meanwhile how far it is."""
    many, size = plan(requirements, folder)
    numbers = (requirements, many, "package" if many == 1 else "packages", size / 1e6)
    print("Installing %s: %d %s, about %.0f MB to download if pip has kept none" % numbers, flush=True)
    pip = [python, "-m", "pip", "--no-input", "--disable-pip-version-check", "install", "--progress-bar", "off"]
    what = ["--no-deps", "--require-hashes", "--only-binary", ":all:", "-r", requirements]
    try:
        run(pip + what, Progress(many, lambda: len(installed(folder))).follow)
    except subprocess.CalledProcessError:
        print(NETWORK, file=sys.stderr)
        raise


def is_fresh(stamp: str, requirements: str) -> bool:
    """Tell whether the stamp was written after the lock was."""
    return os.path.exists(stamp) and os.path.getmtime(stamp) >= os.path.getmtime(requirements)


def touch(path: str) -> None:
    """Write an empty stamp, or give the one that is there the present time."""
    with open(path, "a"):
        os.utime(path)


def main(arguments: List[str], environ: Mapping[str, str] = os.environ) -> int:
    """Prepare the environment for one lock, and write the stamps that keep the next call short."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("requirements", help="the lock to install, such as requirements-dev.txt")
    parser.add_argument("stamps", nargs="+", help="files to write when done, in the environment's own folder")
    parser.add_argument("--folder", default=".venv")
    options = parser.parse_args(arguments)
    with open(options.requirements) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if environ.get("PYTHON"):
            tell_kept(options.folder, environ["PYTHON"])
        if all(is_fresh(stamp, options.requirements) for stamp in options.stamps):
            return 0
        started = time.monotonic()
        try:
            install(ensure_environment(options.folder, environ), options.requirements, options.folder)
            for stamp in options.stamps:
                touch(stamp)
        except NoInterpreter as problem:
            print(problem, file=sys.stderr)
            return 2
        except subprocess.CalledProcessError as problem:
            command = " ".join(problem.cmd[:3])
            print("Set-up stopped: %s ended with %s" % (command, problem.returncode), file=sys.stderr)
            return 2
        except OSError as problem:
            print("Set-up stopped: %s; this folder has to be writable, on a disk with room" % problem, file=sys.stderr)
            return 2
        print("Ready after %.0f s" % (time.monotonic() - started), flush=True)
    return 0


if __name__ == "__main__":
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        print("Set-up was interrupted; run it again", file=sys.stderr)
        sys.exit(130)
