"""Writes a reproducible zip: its bytes depend only on the names, contents and executable bits of the files."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

_DATE = (1980, 1, 1, 0, 0, 0)
"""The earliest date that the zip format can store."""


def files(folder: Path) -> Iterator[Path]:
    """All files below the folder, sorted by name, so that the order is the same on every machine."""
    yield from sorted(
        (path for path in folder.rglob("*") if path.is_file()), key=lambda path: path.relative_to(folder).as_posix()
    )


def write(folder: Path, target: Path) -> None:
    """Pack all files below `folder`. Everybody may read them; executable files stay executable. Follows links.

    `target` appears only when it is complete.
    """
    part = target.with_name(f"{target.name}.part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for path in files(folder):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _DATE)
            entry.create_system = 3  # Unix, also when another system builds it
            entry.external_attr = (0o100755 if path.stat().st_mode & 0o100 else 0o100644) << 16
            archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED, 6)
    part.replace(target)
