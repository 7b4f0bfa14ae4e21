"""Finds and runs the programs that a build needs: the target's Python, compilers, binutils, uv."""

import json
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from layers.target import Target

SEEDED = ("env", "-u", "PYTHONPATH", "-u", "PYTHONHOME", "PYTHONHASHSEED=0")
"""Prefix of a Python command whose output must be reproducible: the order of a set depends on the hash seed."""


class BuildFailed(Exception):
    """The layer cannot be built. The message says which step failed, and what to do."""


class ToolMissing(BuildFailed):
    """A program that the build needs is not on this machine."""


def run(*command: str | Path, cwd: Path | None = None) -> str:
    """What the program printed to stdout. Raises BuildFailed, with its output, if its exit status is not 0."""
    done = subprocess.run(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
    )
    if done.returncode:
        output = (done.stderr or done.stdout).strip() or f"exit status {done.returncode}"
        raise BuildFailed(f"`{' '.join(map(str, command))}` failed:\n{output}")
    return done.stdout


@cache
def program(name: str, target: Target) -> str:
    """The path of `gcc`, `strip` or `readelf` for the target; on another machine, that of the cross-compiler.

    Raises ToolMissing.
    """
    full = name if target.machine == platform.machine() else f"{target.machine}-linux-gnu-{name}"
    found = shutil.which(full) or (shutil.which("cc") if full == "gcc" else None)
    if found is None:
        raise ToolMissing(
            f"{full} is not installed, and the layer for {target} needs it. Debian and Ubuntu: "
            + (
                "apt-get install gcc g++ binutils"
                if full == name
                else f"apt-get install g++-{target.machine}-linux-gnu"
            )
        )
    return found


def uv() -> Path:
    """The path of uv in this environment, or else on the PATH. Raises ToolMissing."""
    found = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if found is None:
        raise ToolMissing("uv is not installed. Build with `make layer`, which installs it.")
    return Path(found)


def python(target: Target, named: Path | None = None) -> Path:
    """A Python of the target's version and architecture that runs here and has the headers to compile against.

    named: the only one to try. Without it: this Python, then those on the PATH, of pyenv, and of uv.
    Raises ToolMissing, which says why each was rejected.
    """
    faults = []
    for candidate in [named] if named else _candidates(target):
        fault = _fault(candidate, target)
        if fault is None:
            return candidate
        faults.append(f"  {candidate}: {fault}")
    raise ToolMissing(
        f"The layer must be compiled by Python {target.python} for {target.machine}, with its headers, because that "
        "Python loads it. None of these is one:\n"
        + "\n".join(faults)
        + "\n"
        + (
            f"Install python{target.python} and python{target.python}-dev, or run `uv python install {target.python}`, "
            "or pass your own: make layer INTERPRETER=/path/to/python."
            if target.machine == platform.machine()
            else "Build on such a machine, or pass a Python for it that runs here under an emulator; see docs/layer.md."
        )
    )


def _candidates(target: Target) -> Iterator[Path]:
    yield Path(sys.executable)
    if found := shutil.which(f"python{target.python}"):
        yield Path(found)
    # pyenv's shims only run where a version is chosen, and hide the Pythons behind them from uv.
    yield from sorted(Path.home().glob(f".pyenv/versions/{target.python}*/bin/python{target.python}"), reverse=True)
    try:
        yield Path(run(uv(), "python", "find", "--no-python-downloads", "--managed-python", target.python).strip())
    except BuildFailed:
        return


_PROBE = """
import json, os, platform, sys, sysconfig
header = os.path.join(sysconfig.get_path("include"), "Python.h")
print(json.dumps(["%d.%d" % sys.version_info[:2], platform.machine(), os.path.exists(header), header]))
"""


def _fault(candidate: Path, target: Target) -> str | None:
    try:
        version, machine, complete, header = json.loads(run(candidate, "-I", "-c", _PROBE))
    except (BuildFailed, OSError, ValueError) as error:
        return f"does not run ({str(error).splitlines()[-1].strip()})"
    if version != target.python:
        return f"is Python {version}"
    if machine != target.machine:
        return f"is for {machine}"
    return None if complete else f"lacks {header}"
