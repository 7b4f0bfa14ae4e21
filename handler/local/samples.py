"""Which files to put into the input bucket, and under which keys."""

import importlib.util
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipeline.formats import SUFFIXES

SAMPLES = ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg")
"""Colour photographs with a clear subject that ship in scikit-image's wheel; public domain or CC0 (its data/README)."""


def samples() -> list[Path]:
    """The photographs that ship with scikit-image. Raises FileNotFoundError if scikit-image is not installed."""
    found = importlib.util.find_spec("skimage")
    if found is None or found.origin is None:
        raise FileNotFoundError("The sample images need scikit-image, which is not installed. Name your own files.")
    return [Path(found.origin).parent / "data" / name for name in SAMPLES]


def keyed(paths: Sequence[Path], out: Path) -> dict[str, Path]:
    """Object keys of files and of the images in folders, in order, each file once.

    The key is the file's name, or its path in the folder. If two files would have the same key, the second gets its
    folder's name or a number in front. `out`, the folder of results, is skipped.
    Raises FileNotFoundError for a path that does not exist.
    """
    keys: dict[str, Path] = {}
    seen: set[Path] = set()
    for path in paths:
        for file, name in _files(path, out.resolve()):
            if file.resolve() in seen:
                continue
            seen.add(file.resolve())
            keys[next(key for key in _candidates(name, path) if key not in keys)] = file
    return keys


def _files(path: Path, out: Path) -> Iterator[tuple[Path, str]]:
    if path.is_file():
        yield path, _text(path.name)
    elif path.is_dir():
        for file in sorted(path.rglob("*")):
            if file.is_file() and file.suffix.lower() in SUFFIXES and out not in file.resolve().parents:
                yield file, _text(file.relative_to(path).as_posix())
    else:
        raise FileNotFoundError(f"{path} does not exist: name a file or folder.")


def _text(name: str) -> str:
    # A file's name may be any bytes, but a key must be UTF-8.
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _candidates(name: str, path: Path) -> Iterator[str]:
    yield name
    folder = path.resolve() if path.is_dir() else path.resolve().parent
    yield f"{folder.name}/{name}"
    number = 2
    while True:
        yield f"{number}/{name}"
        number += 1
