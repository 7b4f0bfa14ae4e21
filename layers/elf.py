"""Reads the symbols and dependencies of shared libraries, and strips those that stay loadable.

The format: System V ABI, chapters 4 and 5, https://refspecs.linuxfoundation.org/elf/gabi4+/contents.html
"""

import re
import struct
from dataclasses import dataclass
from pathlib import Path

from layers.target import Target
from layers.tools import program, run

_MAGIC = b"\x7fELF\x02\x01"  # 64 bits, little-endian: both of Lambda's machines
_PT_LOAD = 1
_PAGE = 4096


def is_library(path: Path) -> bool:
    """Whether the file is a 64-bit ELF file."""
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def loadable(data: bytes) -> bool:
    """Whether the loader can map it: each segment is within the file, and its offset matches its address within a page.

    `strip` breaks the second condition for libraries that patchelf has changed.
    """
    table, size, count = *struct.unpack_from("<Q", data, 32), *struct.unpack_from("<HH", data, 54)
    for number in range(count):
        kind, _, offset, address, _, length, _, align = struct.unpack_from("<IIQQQQQQ", data, table + number * size)
        if kind == _PT_LOAD and (offset + length > len(data) or (offset - address) % max(align, _PAGE)):
            return False
    return True


def strip(path: Path, target: Target) -> bool:
    """Remove the symbols that only debuggers read, if the result is smaller and can still be loaded.

    Returns whether it was. Raises BuildFailed.
    """
    part = path.with_name(f"{path.name}.part")
    run(program("strip", target), "-s", "-o", part, path)
    if part.stat().st_size < path.stat().st_size and loadable(part.read_bytes()):
        part.chmod(path.stat().st_mode)
        part.replace(path)
        return True
    part.unlink()
    return False


@dataclass(frozen=True, slots=True)
class Symbol:
    """version: the symbol version, or None. size: of a data object, in bytes."""

    name: str
    version: str | None
    kind: str
    defined: bool
    size: int = 0


_ROW = re.compile(
    r"\s*\d+:\s+\S+\s+(?P<size>\w+)\s+(?P<kind>\w+)\s+(?:GLOBAL|WEAK|UNIQUE)\s+\S+.*?\s(?P<at>\w+)\s+"
    r"(?P<name>[^@\s]+)(?:@+(?P<version>\S+))?"
)


def symbols(path: Path, target: Target) -> list[Symbol]:
    """The dynamic symbols that the library defines or needs."""
    text = run(program("readelf", target), "-W", "--dyn-syms", path)
    found = [row for line in text.splitlines() if (row := _ROW.match(line))]
    return [Symbol(r["name"], r["version"], r["kind"], r["at"] != "UND", int(r["size"], 0)) for r in found]


def soname(path: Path, target: Target) -> str:
    """The name by which other libraries link it (SONAME)."""
    return next(iter(_dynamic("SONAME", path, target)), path.name)


def needed(path: Path, target: Target) -> list[str]:
    """The names of the libraries that this one links (NEEDED)."""
    return _dynamic("NEEDED", path, target)


def _dynamic(tag: str, path: Path, target: Target) -> list[str]:
    return re.findall(rf"\({tag}\).*\[(.+)\]", run(program("readelf", target), "-W", "-d", path))
