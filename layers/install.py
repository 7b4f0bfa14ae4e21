"""Packages of a lock file, installed for another Python and another machine than this one."""

import hashlib
from pathlib import Path

from layers.target import Target
from layers.tools import run, uv

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
"""What the function needs, and numba, which its kernels are compiled with."""
TOOLS = ROOT / "requirements-layer.lock"
"""What is needed beside it to build a layer and to run it here."""


def install(lock: Path, folder: Path, target: Target) -> None:
    """Make `folder` the site-packages of what `lock` pins, from wheels alone, each checked against its hash.

    Raises BuildFailed, with uv's own words, where a pin has no wheel for the target or the index cannot be reached.
    """
    options = ("--no-deps", "--require-hashes", "--only-binary", ":all:", "--target", folder)
    for_it = ("--python-version", target.python, "--python-platform", target.platform)
    run(uv(), "pip", "install", *options, *for_it, "-r", lock)


def fingerprint(*parts: str | Path) -> str:
    """sha256 hex of texts and files' contents, one after another: equal where they would give the same."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.read_bytes() if isinstance(part, Path) else part.encode()
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()
