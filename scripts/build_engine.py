"""`python -m scripts.build_engine`: build the compiled engine and install it into this environment, where cargo is.

`make engine` calls it. Where there is no Rust it says so in one line and succeeds, because the engine is optional; it
never fetches a toolchain. maturin comes from its own lock, when it is needed. Nothing is built if the sources are those
of the engine that is installed. The wheel is one for every Python from 3.11 on.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ENGINE = ROOT / "engine"
ENVIRONMENT = Path(sys.prefix)
MARK = ENVIRONMENT / "engine.digest"
LOCK = "requirements-engine.txt"
NO_RUST = "No cargo here: the engine is not built, and the reference counts (the same words, some twenty times slower)."


def digest(folder: Path = ENGINE) -> str:
    """Return the digest of everything that the wheel is made of."""
    sha = hashlib.sha256()
    files = [folder / name for name in ("Cargo.toml", "Cargo.lock", "pyproject.toml")]
    for path in sorted([*files, *(folder / "src").rglob("*.rs")]):
        sha.update(f"{path.relative_to(folder)}\0".encode() + path.read_bytes() + b"\0")
    return sha.hexdigest()


def installed() -> str:
    """Return the digest of the sources that the installed engine was built from."""
    probe = [sys.executable, "-c", "import textmill_engine"]
    if subprocess.run(probe, check=False, stderr=subprocess.DEVNULL).returncode:
        return ""
    return MARK.read_text("ascii").strip() if MARK.exists() else ""


def build(folder: Path) -> Path:
    """Build the wheel into a folder and return its path."""
    environ = {**os.environ, "MATURIN_NO_INSTALL_RUST": "1", "VIRTUAL_ENV": str(ENVIRONMENT)}
    command = [sys.executable, "-m", "maturin", "build", "--release", "--locked", "--quiet", "--out", str(folder)]
    command += ["--interpreter", sys.executable]
    subprocess.run(command, cwd=ENGINE, env=environ, check=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def main() -> int:
    """Build and install, or say why not."""
    if shutil.which("cargo") is None:
        print(NO_RUST)
        return 0
    wanted = digest()
    if installed() == wanted:
        return 0
    prepare = [sys.executable, "scripts/prepare.py", LOCK, str(ENVIRONMENT / "engine.stamp")]
    pip = [sys.executable, "-m", "pip", "--quiet", "--no-input", "--disable-pip-version-check", "install"]
    try:
        subprocess.run([*prepare, "--folder", str(ENVIRONMENT)], cwd=ROOT, check=True)
        print("Building the engine (a minute or two the first time)", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            wheel = build(Path(folder))
            subprocess.run([*pip, "--no-deps", "--no-index", "--force-reinstall", str(wheel)], check=True)
    except subprocess.CalledProcessError as problem:
        print(f"The engine was not built: {' '.join(map(str, problem.cmd[:4]))} ended with {problem.returncode}")
        return 1
    MARK.write_text(f"{wanted}\n", "ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main())
