"""The names of all files that a run writes, decided before it begins, without access to the file system.

No two images share a name, no result overwrites an input, and no result has the name of a folder. That also holds on
file systems that ignore case (NTFS, APFS) or normalise Unicode (APFS, HFS+).
"""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path, PurePath

from pipeline.options import PLANES, Options

REPORT = ".report.json"
STDIN = Path("/dev/stdin")
"""Stands for standard input, `-` on the command line, on every system."""


class BadPaths(Exception):
    """The arguments of the command are wrong. The message says which, and what to do."""


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
    """A key that is equal for paths that are equal on a file system that ignores case and normalises Unicode."""
    return _folded(path.as_posix())


def _folded(text: str) -> str:
    if text.isascii():  # the same result in a tenth of the time
        return text.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())


def _inside(folder: str, name: str) -> str:
    """The key of a file. folder: its folder's key. name: the file's name."""
    return f"{folder.rstrip('/')}/{_folded(name)}"


def assign(
    sources: Sequence[Source], out: Path, root: PurePath, ends: tuple[str, ...], pages: Sequence[str] = ()
) -> list[Task]:
    """A task for each source, in order.

    out: the folder of the results, as the user named it; root: the same from the root of the file system. pages: files
    of the whole run in `out`. Where sources of several folders have the same name, their results go into subfolders
    named after those folders. Names that differ in their endings only (a.jpg, a.png) keep the endings (a.jpg.png,
    a.png.png). Names that are still equal get a number. Raises BadPaths if results would go into the folder of an
    input.
    """
    folders = _folders(sources)
    _keep_apart(sources, folders, root)
    places = {folder: key(root / folder) for folder in set(folders)}
    inputs = {folder: key(folder) for folder in {source.absolute.parent for source in sources}}
    pairs = list(zip(sources, folders, strict=True))
    stems = Counter((places[folder], _folded(source.path.stem)) for source, folder in pairs)
    taken = {_inside(inputs[source.absolute.parent], source.absolute.name) for source in sources}
    taken |= {key(root / page) for page in pages}
    taken |= {key(above) for folder in inputs for above in _upwards(folder)}
    taken |= {key(above) for folder in places for above in _upwards(root / folder)}
    tasks = []
    for source, folder in pairs:
        for stem in _stems(source, unique=stems[places[folder], _folded(source.path.stem)] == 1):
            names = [_inside(places[folder], f"{stem}{end}") for end in ends]
            if taken.isdisjoint(names):
                break
        taken.update(names)
        tasks.append(Task(source.path, out / folder, stem, ends))
    return tasks


def _folders(sources: Sequence[Source]) -> list[PurePath]:
    """The folder of each source's results, below the folder of all results."""
    subfolders = {subfolder: key(subfolder) for subfolder in {source.subfolder for source in sources}}
    names = [(subfolders[source.subfolder], _folded(source.path.stem)) for source in sources]
    same = defaultdict(set)
    for source, name in zip(sources, names, strict=True):
        same[name].add(source.absolute.parent)
    return [_distinct(source, same[name]) or source.subfolder for source, name in zip(sources, names, strict=True)]


def _distinct(source: Source, parents: Collection[PurePath]) -> PurePath | None:
    """The last parts of the source's folder, as few as distinguish it from the other `parents`; None if it is alone."""
    if len(parents) == 1:
        return None
    tails = {key(parent): parent.relative_to(parent.anchor).parts for parent in parents}
    if len(tails) == 1:
        return None
    own = source.absolute.parent.relative_to(source.absolute.anchor).parts
    for length in count(1):
        if len({key(PurePath(*tail[-length:])) for tail in tails.values()}) == len(tails):
            return PurePath(*own[-length:])
    raise AssertionError  # count() does not end


def _keep_apart(sources: Sequence[Source], folders: Sequence[PurePath], root: PurePath) -> None:
    """Raise BadPaths if a folder of results contains inputs, or has the name of an input."""
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
    """Candidate stems for the source's results, the shortest first."""
    if unique:
        yield source.path.stem
    yield source.path.name
    yield from (f"{source.path.name}-{number}" for number in count(2))
