"""`python -m scripts.test_engine`: everything that holds the compiled engine to its promise, one step after the other.

`make test-engine` calls it once the wheel is built. A step whose tool is missing fails with what to install: nothing is
left out in silence. The sanitizer needs no nightly compiler, as RUSTC_BOOTSTRAP opens the same switch in a stable one;
Miri comes with no registry's package, so it runs where the toolchain brings it, and a line says where it does not.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
ENGINE = ROOT / "engine"
FUZZ_SECONDS = 30
WITH_ENGINE = (
    *("tests/engine", "tests/worker", "tests/image"),
    *("tests/api/test_worker_results.py", "tests/stack/test_engine.py"),
)
"""The tests that call the worker in their own process, and so run on another engine once one is built."""
ENGINE_WANTED = "TEXTMILL_TEST_ENGINE"
"""Set where the tests have to run on the compiled engine; a test fails where it is not there."""
COVERAGE = (
    "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 "
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table "
    "-Cllvm-args=-sanitizer-coverage-trace-compares"
)
NEEDED = {
    "cargo": "Rust, by rustup or Debian's cargo",
    "cargo-clippy": "rustup component add clippy",
    "cargo-fmt": "rustup component add rustfmt",
    "c++": "a C++ compiler, which libFuzzer is built with: apt-get install g++",
}


class Step(NamedTuple):
    """A command with its name, where it runs, and what it adds to the environment."""

    name: str
    command: list[str]
    folder: Path = ENGINE
    environ: Mapping[str, str] = {}


def missing(find: Callable[[str], str | None] = shutil.which) -> list[str]:
    """Name the tools that are not there, each with how to get it."""
    return [f"{tool} ({how})" for tool, how in NEEDED.items() if find(tool) is None]


def has_miri() -> bool:
    """Tell whether a nightly toolchain with Miri is there."""
    probe = ["cargo", "+nightly", "miri", "--version"]
    return subprocess.run(probe, check=False, capture_output=True).returncode == 0


def host() -> str:
    """Return the target that this machine's compiler builds for."""
    said = subprocess.run(["rustc", "-vV"], check=True, capture_output=True, text=True).stdout
    return next(line.split()[1] for line in said.splitlines() if line.startswith("host:"))


def steps(target: str, found: Path, *, miri: bool) -> Iterator[Step]:
    """Yield every step, the quick ones first."""
    python = sys.executable
    sanitized = {"RUSTC_BOOTSTRAP": "1", "RUSTFLAGS": "-Zsanitizer=address"}
    fuzzed = {"RUSTC_BOOTSTRAP": "1", "RUSTFLAGS": f"-Zsanitizer=address {COVERAGE}"}
    clippy = ["cargo", "clippy", "--quiet", "--locked", "--all-targets", "--", "-D", "warnings"]
    yield Step("format", ["cargo", "fmt", "--check"])
    allowed = ["--allowlist", str(ENGINE / "stubtest.allowed")]
    yield Step("stubs", [python, "-m", "mypy.stubtest", *allowed, "textmill_engine"], ROOT, {"MYPYPATH": str(ENGINE)})
    yield Step("clippy", clippy)
    yield Step("clippy of the bindings", [*clippy[:4], "--features", "python", *clippy[4:]])
    yield Step("tests", ["cargo", "test", "--quiet", "--locked"])
    build = ["cargo", "test", "--quiet", "--locked", "--target", target, "--target-dir", "target/sanitized"]
    yield Step("tests with the address sanitizer", [*build, "--lib", "--test", "properties"], ENGINE, sanitized)
    if miri:
        yield Step("tests in Miri", ["cargo", "+nightly", "miri", "test", "--lib", "vocabulary::", "rows::", "merge::"])
    built = ["cargo", "build", "--quiet", "--locked", "--release", "--target", target]
    yield Step("fuzz target", built, ENGINE / "fuzz", fuzzed)
    program = ENGINE / "fuzz" / "target" / target / "release" / "blocks"
    run = [
        str(program),
        f"-max_total_time={FUZZ_SECONDS}",
        "-max_len=600",
        "-verbosity=0",
        f"-artifact_prefix={found}/",
    ]
    yield Step(f"fuzzing for {FUZZ_SECONDS} s", [*run, str(found)])
    yield Step("tests from Python", [python, "-m", "pytest", "-q", *WITH_ENGINE], ROOT, {ENGINE_WANTED: "1"})
    yield Step("a million hostile strings", [python, "-m", "tests.engine.fuzz"], ROOT)


def run(step: Step) -> int:
    """Run one step and tell how it went; its output is shown as it comes."""
    print(f"-- {step.name}", flush=True)
    started = time.monotonic()
    done = subprocess.run(step.command, cwd=step.folder, env={**os.environ, **step.environ}, check=False)
    print(f"   {'ok' if done.returncode == 0 else 'FAILED'} after {time.monotonic() - started:.0f} s", flush=True)
    return done.returncode


def main() -> int:
    """Run the steps until one fails."""
    if lacking := missing():
        print(f"make test-engine needs: {', '.join(lacking)}")
        return 1
    miri = has_miri()
    if not miri:
        print("Miri is not in this toolchain (rustup +nightly component add miri); the address sanitizer runs.")
    with tempfile.TemporaryDirectory() as folder:
        for step in steps(host(), Path(folder), miri=miri):
            if code := run(step):
                return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
