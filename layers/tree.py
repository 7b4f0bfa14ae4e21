"""Turns a site-packages folder into the layer's: only what Lambda loads, stripped and compiled to bytecode."""

import shutil
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from layers import archive, compile_modules, elf, stubs
from layers.prune import ENDPOINTS, only_called, why_left_out
from layers.target import Target
from layers.tools import SEEDED, run

MOUNTED = "/opt/python"
"""Where Lambda mounts the layer's packages. The folder is on its sys.path."""


def assemble(site: Path, own: Iterable[Path], tree: Path, target: Target, interpreter: Path) -> Counter[str]:
    """Create the site-packages `tree` from `site` and the layer's own modules. Returns the bytes left out, by reason.

    Raises BuildFailed.
    """
    left_out = copy(site, tree)
    for module in own:
        shutil.copy(module, tree / module.name)
    (tree / ENDPOINTS).write_bytes(only_called((tree / ENDPOINTS).read_bytes()))
    stubs.replace(tree, target)
    left_out["symbols for debuggers"] = strip(tree, target)
    precompile(tree, interpreter)
    return left_out


def copy(site: Path, tree: Path) -> Counter[str]:
    """Copy what is not left out. Returns the bytes left out, by reason."""
    left_out = Counter[str]()
    for path in archive.files(site):
        name = path.relative_to(site)
        if why := why_left_out(name.as_posix()):
            left_out[why] += path.stat().st_size
            continue
        target = tree / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)  # not a link: later steps change the file, and uv's cache must keep the original
    return left_out


def strip(tree: Path, target: Target) -> int:
    """Strip every library that stays loadable. Returns the bytes saved."""
    saved = 0
    for path in archive.files(tree):
        before = path.stat().st_size
        if elf.is_library(path) and elf.strip(path, target):
            saved += before - path.stat().st_size
    return saved


def precompile(tree: Path, interpreter: Path) -> None:
    """Replace every module by its bytecode. Raises BuildFailed."""
    script = Path(compile_modules.__file__)
    run(*SEEDED, interpreter, "-s", "-S", "-P", "-B", script, tree, MOUNTED)
