"""Which files a command reads, and where it writes their results: decided before anything is written."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from pipeline.cli import earlier, gallery
from pipeline.cli.names import REPORT, STDIN, BadPaths, Source, Task, assign
from pipeline.formats import SUFFIXES

NO_ENDING = "no ending"
UNREADABLE = "unreadable folder"
LINK = "linked folder"


@dataclass(frozen=True, slots=True)
class Plan:
    """tasks: the images to process, in a fixed order. left_out: what else the folders hold, counted by ending."""

    tasks: list[Task]
    left_out: Counter[str]


def plan(
    inputs: Sequence[Path],
    out: Path,
    ends: tuple[str, ...] = (REPORT,),
    *,
    pages: bool = False,
    force: bool = False,
) -> Plan:
    """The plan for files and folders. Folders are searched recursively, and `out` gets the same subfolders.

    ends: see `names.assign`. pages: whether there will be pages that show the images.
    Hidden files and the results of earlier runs are left out, and not counted.
    Raises BadPaths for a path that does not exist, for results that would go into a folder of inputs, and, unless
    `force`, if a result would replace a file that Hairline did not write.
    """
    if out.exists() and not out.is_dir():
        raise BadPaths(f"-o takes a folder, but {out} is a file.")
    found: dict[PurePath, Source] = {}
    left_out: Counter[str] = Counter()
    for given in inputs:
        if given.is_dir():
            for source in _images(given, out, left_out):
                found.setdefault(source.absolute, source)
        elif given == STDIN or given.exists():
            found.setdefault(_absolute(given), Source(given, _absolute(given), PurePath()))
        else:
            raise BadPaths(f"{given} does not exist: it is neither a file nor a folder.")
    names = gallery.names(len(found)) if pages else []
    tasks = assign(list(found.values()), out, out.resolve(), ends, names)
    if not force:
        check_free(tasks, [out / name for name in names])
    return Plan(tasks, left_out)


def check_free(tasks: Sequence[Task], pages: Sequence[Path] = ()) -> None:
    """Raise BadPaths if a result or a page would replace a file that Hairline did not write."""
    if (foreign := earlier.foreign(tasks, pages)) is not None:
        raise BadPaths(
            f"{foreign} exists, and no report of Hairline beside it says that it is a result of the same image. Choose "
            "another folder for -o, or add --force to replace it."
        )


def _absolute(path: Path) -> PurePath:
    """The same file by two paths is one image; two links to it in one folder are two images."""
    return path.parent.resolve() / path.name


def _images(folder: Path, out: Path, left_out: Counter[str]) -> Iterator[Source]:
    if folder.resolve() == out.resolve():
        raise BadPaths(f"The output folder {out} is an input, too. Choose another folder for -o.")
    for place, folders, files in os.walk(folder, onerror=lambda _: left_out.update([UNREADABLE])):
        parent = Path(place)
        visible = sorted(name for name in folders if not _hidden(name) and (parent / name).resolve() != out.resolve())
        links = [name for name in visible if (parent / name).is_symlink()]
        left_out[LINK] += len(links)
        folders[:] = [name for name in visible if name not in links]
        results = earlier.results(parent, files)
        absolute, subfolder = parent.resolve(), PurePath(parent.relative_to(folder))
        for name in sorted(name for name in files if not _hidden(name) and name not in results):
            path = parent / name
            if path.suffix.lower() in SUFFIXES and os.path.isfile(path):  # noqa: PTH113 - Path's raises if the folder denies it
                yield Source(path, absolute / name, subfolder)
            else:
                left_out[path.suffix or NO_ENDING] += 1


def _hidden(name: str) -> bool:
    return name.startswith(".")
