"""Stand-ins for libraries that OpenCV and Pillow link and Hairline never calls.

The loader wants all that any part of a library asks for: OpenCV's codecs for video and its linear algebra, Pillow's
screenshots. A stand-in has the same name, and of the symbols those that the libraries that stay ask for. A function of
one says which it is and aborts: what calls it is a mistake that a test must find.
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
    """folder: where its libraries lie. extensions: its own modules. replaced: patterns of the libraries' names."""

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
            *("libavif-*", "libpng16-*"),  # pictures, which Pillow reads and writes here
        ),
    ),
    Package("pillow.libs", "PIL/*.so", ("libxcb-*", "libXau-*", "libopenjp2-*")),  # screenshots; JPEG 2000
    Package("scipy.libs", "scipy/**/*.so", ()),
)
"""Libraries that are linked but asked for nothing are replaced too, such as one of SciPy's Fortran runtimes."""
VERSIONS = ("opj_version", "avifVersion")
"""Functions that are called when the modules are loaded: they answer that there is none."""
_PRELUDE = """
#include <stdio.h>
#include <stdlib.h>
static void missing(const char *name) {
    fprintf(stderr, "%s was called, but the layer has only a stand-in for it: see layers/stubs.py\\n", name);
    abort();
}
"""


def replace(tree: Path, target: Target) -> None:
    """Put stand-ins in the place of what PACKAGES name below `tree`, a site-packages. Raises BuildFailed."""
    for package in PACKAGES:
        libraries = sorted((tree / package.folder).iterdir())
        modules = [path for path in sorted(tree.glob(package.extensions)) if is_library(path)]
        known = {path: _Library(needed(path, target), symbols(path, target)) for path in (*libraries, *modules)}
        kept = {path for path in known if not any(fnmatchcase(path.name, name) for name in package.replaced)}
        while idle := {path for path in kept.intersection(libraries) if not _asked_of(path, known, kept)}:
            kept -= idle
        for path in known.keys() - kept:
            build(path, _asked_of(path, known, kept), target)


class _Library(NamedTuple):
    needed: Sequence[str]
    symbols: Sequence[Symbol]


def _asked_of(path: Path, known: Mapping[Path, _Library], kept: Iterable[Path]) -> list[Symbol]:
    """The symbols of the library at `path` that those which are kept and need it ask for."""
    askers = [known[other] for other in kept if path.name in known[other].needed]
    asked = {symbol.name for asker in askers for symbol in asker.symbols if not symbol.defined}
    return [symbol for symbol in known[path].symbols if symbol.defined and symbol.name in asked]


def build(path: Path, offered: Sequence[Symbol], target: Target) -> None:
    """Replace the library by one that offers just these symbols, under the same name. Raises BuildFailed."""
    with tempfile.TemporaryDirectory() as folder:
        source, versions, part = (Path(folder, name) for name in ("standin.c", "versions", path.name))
        source.write_text(_PRELUDE + "".join(f"{_definition(symbol)}\n" for symbol in offered))
        versions.write_text(_versions(offered))
        command: list[str | Path] = [program("gcc", target), "-shared", "-fPIC", "-Os", "-w", "-fno-builtin"]
        command += ["-o", part, source]
        command += [f"-Wl,-soname,{soname(path, target)}", "-Wl,--build-id=none", "-Wl,-s"]
        run(*command, *([f"-Wl,--version-script,{versions}"] if versions.stat().st_size else []))
        data = part.read_bytes()
    path.unlink()  # never written into: the file may be one with that in uv's cache
    path.write_bytes(data)
    path.chmod(0o755)


def _definition(symbol: Symbol) -> str:
    if symbol.kind == "OBJECT":
        return f"char {symbol.name}[{max(symbol.size, 1)}];"
    if symbol.name in VERSIONS:
        return f'const char *{symbol.name}(void) {{ return "none"; }}'
    return f'void {symbol.name}(void) {{ missing("{symbol.name}"); }}'


def _versions(offered: Iterable[Symbol]) -> str:
    """The linker's script that gives each symbol its version; empty where none has one."""
    by_version = defaultdict(list)
    for symbol in offered:
        if symbol.version:
            by_version[symbol.version].append(symbol.name)
    return "".join(
        f"{version} {{ global: {'; '.join(sorted(names))}; }};\n" for version, names in sorted(by_version.items())
    )
