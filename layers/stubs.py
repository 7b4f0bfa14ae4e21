"""Replaces libraries that OpenCV and Pillow link, but Hairline never calls, by small stand-ins.

The loader needs every linked library, even for functions that are never called: OpenCV's video codecs and linear
algebra, Pillow's screenshots. A stand-in has the library's name and only those symbols that the remaining libraries
need. Each of its functions prints its own name and aborts, so that the tests find a call.
"""

import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

from layers.elf import Symbol, is_library, needed, soname, symbols
from layers.target import Target
from layers.tools import program, run


class Package(NamedTuple):
    """folder: of its libraries. extensions: pattern of its extension modules. replaced: patterns of library names."""

    folder: str
    extensions: str
    replaced: tuple[str, ...]


PACKAGES = (
    Package(
        "opencv_python_headless.libs",
        "cv2/*.so",
        (
            *("libavcodec-*", "libavformat-*", "libavutil-*", "libswscale-*", "libswresample-*"),  # video
            *("libvpx-*", "libdrm-*", "libaom-*"),  # its codecs
            *("libcrypto-*", "libssl-*"),  # video over the network
            *("libopenblas*", "libgfortran-*", "libquadmath-*"),  # solve, invert, gemm, SVD
            *("libavif-*", "libpng16-*"),  # images, which Hairline reads and writes with Pillow
        ),
    ),
    Package("pillow.libs", "PIL/*.so", ("libxcb-*", "libXau-*", "libopenjp2-*")),  # screenshots; JPEG 2000
    Package("scipy.libs", "scipy/**/*.so", ()),
)
"""A library that is linked, but of which no symbol is used, is replaced too: one of SciPy's Fortran runtimes is."""
VERSIONS = ("opj_version", "avifVersion")
"""Functions that the modules call when they are loaded. The stand-in's return the version "none"."""
_PRELUDE = """
#include <stdio.h>
#include <stdlib.h>
static void missing(const char *name) {
    fprintf(stderr, "%s was called, but the layer has only a stand-in for it: see layers/stubs.py\\n", name);
    abort();
}
"""


def replace(tree: Path, target: Target) -> None:
    """Replace the libraries of the PACKAGES that are in the site-packages `tree`. Raises BuildFailed."""
    for package in PACKAGES:
        if not (tree / package.folder).exists():
            continue  # SmallLayer has none of them
        libraries = sorted((tree / package.folder).iterdir())
        modules = [path for path in sorted(tree.glob(package.extensions)) if is_library(path)]
        known = {path: _Library(needed(path, target), symbols(path, target)) for path in (*libraries, *modules)}
        kept = {path for path in known if not any(fnmatchcase(path.name, name) for name in package.replaced)}
        while unused := {path for path in kept.intersection(libraries) if not _used_symbols(path, known, kept)}:
            kept -= unused
        for path in known.keys() - kept:
            build(path, _used_symbols(path, known, kept), target)


class _Library(NamedTuple):
    needed: Sequence[str]
    symbols: Sequence[Symbol]


def _used_symbols(path: Path, known: Mapping[Path, _Library], kept: Iterable[Path]) -> list[Symbol]:
    """The symbols of the library at `path` that the kept libraries need."""
    users = [known[other] for other in kept if path.name in known[other].needed]
    used = {symbol.name for user in users for symbol in user.symbols if not symbol.defined}
    return [symbol for symbol in known[path].symbols if symbol.defined and symbol.name in used]


def build(path: Path, defined: Sequence[Symbol], target: Target) -> None:
    """Replace the library by one of the same name that defines only these symbols. Raises BuildFailed."""
    with tempfile.TemporaryDirectory() as folder:
        source, versions, part = (Path(folder, name) for name in ("standin.c", "versions", path.name))
        source.write_text(_PRELUDE + "".join(f"{_definition(symbol)}\n" for symbol in defined))
        versions.write_text(_versions(defined))
        command: list[str | Path] = [program("gcc", target), "-shared", "-fPIC", "-Os", "-w", "-fno-builtin"]
        command += ["-o", part, source]
        command += [f"-Wl,-soname,{soname(path, target)}", "-Wl,--build-id=none", "-Wl,-s"]
        run(*command, *([f"-Wl,--version-script,{versions}"] if versions.stat().st_size else []))
        data = part.read_bytes()
    path.unlink()  # a new file: the old one may be a hard link to uv's cache
    path.write_bytes(data)
    path.chmod(0o755)


def _definition(symbol: Symbol) -> str:
    if symbol.kind == "OBJECT":
        return f"char {symbol.name}[{max(symbol.size, 1)}];"
    if symbol.name in VERSIONS:
        return f'const char *{symbol.name}(void) {{ return "none"; }}'
    return f'void {symbol.name}(void) {{ missing("{symbol.name}"); }}'


def _versions(defined: Iterable[Symbol]) -> str:
    """The version script for the linker; empty if no symbol has a version."""
    by_version = defaultdict(list)
    for symbol in defined:
        if symbol.version:
            by_version[symbol.version].append(symbol.name)
    return "".join(
        f"{version} {{ global: {'; '.join(sorted(names))}; }};\n" for version, names in sorted(by_version.items())
    )
