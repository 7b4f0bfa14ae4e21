"""Installs the packages of a lock file, also for another Python or machine than this one."""

import hashlib
from pathlib import Path

from layers.target import Target
from layers.tools import run, uv

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
"""The packages of functions that cut images, and numba, which compiles their kernels."""
SMALL_LOCK = ROOT / "requirements-small.lock"
"""The packages of functions that never cut, in the same versions."""
TOOLS = ROOT / "requirements-layer.lock"
"""Further packages to build a layer and to run it on this machine."""


def install(lock: Path, folder: Path, target: Target) -> None:
    """Install what `lock` pins into `folder`, from wheels only. uv checks the hash of each.

    Raises BuildFailed, with uv's output, if a pin has no wheel for the target or the index cannot be reached.
    """
    options = ("--no-deps", "--require-hashes", "--only-binary", ":all:", "--target", folder)
    platform = ("--python-version", target.python, "--python-platform", target.platform)
    run(uv(), "pip", "install", *options, *platform, "-r", lock)


def fingerprint(*parts: str | Path) -> str:
    """One SHA-256, in hex, of texts and of the contents of files: the key of a build step."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.read_bytes() if isinstance(part, Path) else part.encode()
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()
