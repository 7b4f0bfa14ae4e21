"""Which files a command reads, and where it writes their results."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.formats import SUFFIXES


class BadPaths(Exception):
    """The paths given do not fit together; the message says which."""


@dataclass(frozen=True, slots=True)
class Task:
    """One image to read, and the folder and stem of everything that is written for it."""

    source: Path
    folder: Path
    stem: str

    def target(self, ending: str) -> Path:
        """`<folder>/<stem><ending>`."""
        return self.folder / f"{self.stem}{ending}"


def plan(inputs: Sequence[Path], out: Path) -> list[Task]:
    """The tasks for files and folders, in a fixed order. A folder is searched recursively; `out` gets its subfolders.

    Two images that would get the same name (a.jpg, a.png) keep their endings in it (a.jpg.png, a.png.png).
    Raises BadPaths for a path that does not exist, and if an output could replace an input.
    """
    if out.exists() and not out.is_dir():
        raise BadPaths(f"-o takes a folder, but {out} is a file.")
    found: dict[Path, Path] = {}  # source -> folder; an image named twice is cut once
    for given in inputs:
        if given.is_dir():
            for path in _pictures(given, out):
                found.setdefault(path, out / path.parent.relative_to(given))
        elif given.exists():
            found.setdefault(given, out)
        else:
            raise BadPaths(f"{given} does not exist: it is neither a file nor a folder.")
    stems = Counter((folder, source.stem) for source, folder in found.items())
    tasks = [
        Task(source, folder, source.stem if stems[folder, source.stem] == 1 else source.name)
        for source, folder in found.items()
    ]
    for task in tasks:
        if task.folder.resolve() == task.source.parent.resolve():
            raise BadPaths(
                f"The output folder {task.folder} is the one that {task.source.name} is in, so results could overwrite "
                "originals. Choose another folder for -o."
            )
    return tasks


def _pictures(folder: Path, out: Path) -> list[Path]:
    excluded = out.resolve()
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and excluded not in path.resolve().parents
    )
