"""A zip whose bytes depend on the files' names and contents alone: equal layers are equal files."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

_DATE = (1980, 1, 1, 0, 0, 0)
"""The earliest that the format knows."""


def files(folder: Path) -> Iterator[Path]:
    """All files below the folder, in the order of their names, the same everywhere."""
    yield from sorted(
        (path for path in folder.rglob("*") if path.is_file()), key=lambda path: path.relative_to(folder).as_posix()
    )


def write(folder: Path, target: Path) -> None:
    """Pack all files below `folder`, readable by all, executable where they were. Links are followed.

    The file appears under its name when it is whole.
    """
    part = target.with_name(f"{target.name}.part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for path in files(folder):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _DATE)
            entry.create_system = 3  # Unix, whatever this is
            entry.external_attr = (0o100755 if path.stat().st_mode & 0o100 else 0o100644) << 16
            archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED, 6)
    part.replace(target)
