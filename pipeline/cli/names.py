"""The names of all files that a run writes, decided before it begins. Pure: no file system is asked.

No two images share a name, no result is an input, and no result has the name of a folder of others. That holds on file
systems, too, that ignore case (NTFS, APFS) or normalise Unicode (APFS, HFS+).
"""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path, PurePath

from pipeline.options import PLANES, Options

REPORT = ".report.json"
STDIN = Path("/dev/stdin")
"""Standard input, whatever the system calls it: `-` on the command line."""


class BadPaths(Exception):
    """The paths given do not fit together; the message says which."""


@dataclass(frozen=True, slots=True)
class Source:
    """An image to cut.

    path: as the user named it. absolute: the same file from the root. subfolder: below the folder that the user named.
    """

    path: Path
    absolute: PurePath
    subfolder: PurePath


@dataclass(frozen=True, slots=True)
class Task:
    """One image to read, and the folder, the stem and the endings of everything that is written for it."""

    source: Path
    folder: Path
    stem: str
    endings: tuple[str, ...] = (REPORT,)

    def target(self, ending: str) -> Path:
        """`<folder>/<stem><ending>`."""
        return self.folder / f"{self.stem}{ending}"

    def targets(self) -> list[Path]:
        """Every file that may be written for this image."""
        return [self.target(ending) for ending in self.endings]


def endings(options: Options) -> tuple[str, ...]:
    """What the names of an image's results may end in."""
    formats = (
        ("jpg", "png") if options.format == "auto" else ("jpg",) if options.format == "jpeg" else (options.format,)
    )
    planes = (f".{name}.{'png' if name in PLANES else 'jpg'}" for name in options.stages)
    listings = (f".{name}.jpg" for name in options.marketplaces)
    return (*(f".{extension}" for extension in formats), *planes, *listings, REPORT)


def key(path: PurePath) -> str:
    """What a file system that ignores case and normalises Unicode takes a path for."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", path.as_posix()).casefold())


def assign(
    sources: Sequence[Source], out: Path, root: PurePath, ends: tuple[str, ...], pages: Sequence[str] = ()
) -> list[Task]:
    """A task for each source, in order.

    out: the folder of the results, as the user named it; root: the same from the root of the file system. pages: files
    of the whole run in `out`. Results of equal names in several folders go into folders of those folders' names. Of
    equal names that differ in their endings (a.jpg, a.png) the endings are kept (a.jpg.png, a.png.png). What is equal
    even then gets a number. Raises BadPaths if results would go into the folder of an input.
    """
    folders = _folders(sources)
    _keep_apart(sources, folders, root)
    stems = Counter(key(folder / source.path.stem) for source, folder in zip(sources, folders, strict=True))
    below = {key(parent) for folder in folders for parent in _upwards(root / folder)}
    taken = {key(source.absolute) for source in sources} | {key(root / page) for page in pages}
    taken |= below | {key(parent) for source in sources for parent in source.absolute.parents}
    tasks = []
    for source, folder in zip(sources, folders, strict=True):
        for stem in _stems(source, unique=stems[key(folder / source.path.stem)] == 1):
            names = [key(root / folder / f"{stem}{end}") for end in ends]
            if taken.isdisjoint(names):
                break
        taken.update(names)
        tasks.append(Task(source.path, out / folder, stem, ends))
    return tasks


def _folders(sources: Sequence[Source]) -> list[PurePath]:
    """The folder of each source's results, below the folder of all results."""
    same = defaultdict(list)
    for source in sources:
        same[key(source.subfolder / source.path.stem)].append(source.absolute.parent)
    return [_distinct(source, same[key(source.subfolder / source.path.stem)]) or source.subfolder for source in sources]


def _distinct(source: Source, parents: Sequence[PurePath]) -> PurePath | None:
    """The last names of the source's folder, as few as tell it from the other `parents`; None if it is the only one."""
    tails = {key(parent): parent.relative_to(parent.anchor).parts for parent in parents}
    if len(tails) == 1:
        return None
    own = source.absolute.parent.relative_to(source.absolute.anchor).parts
    for length in count(1):
        if len({key(PurePath(*tail[-length:])) for tail in tails.values()}) == len(tails):
            return PurePath(*own[-length:])
    raise AssertionError  # count() does not end


def _keep_apart(sources: Sequence[Source], folders: Sequence[PurePath], root: PurePath) -> None:
    """Raise BadPaths if a folder of results is a folder of inputs, or is an input."""
    inputs = {source.absolute.parent: source for source in sources}
    files = {key(source.absolute) for source in sources}
    for folder in dict.fromkeys(folders):
        if (source := inputs.get(root / folder)) is not None:
            raise BadPaths(
                f"The output folder {root / folder} is the one that {source.path.name} is in, so results could "
                "overwrite originals. Choose another folder for -o."
            )
        if files & {key(parent) for parent in _upwards(root / folder)}:
            raise BadPaths(f"The output folder {root / folder} has the name of an input. Choose another folder for -o.")


def _upwards(path: PurePath) -> Iterator[PurePath]:
    yield path
    yield from path.parents


def _stems(source: Source, *, unique: bool) -> Iterator[str]:
    """Names for the source's results, the nicest first."""
    if unique:
        yield source.path.stem
    yield source.path.name
    yield from (f"{source.path.name}-{number}" for number in count(2))
