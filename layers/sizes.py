"""Measures a layer, package by package, and checks it against the budget."""

import re
import zipfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from layers.tools import BuildFailed

LIMIT = 262_144_000
"""Bytes that a function and all its layers may have together, unzipped.
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""
BUDGET = 225_000_000
"""Bytes that Hairline's layer and function may use of it; the rest is left for your own layers."""


class Size(NamedTuple):
    """Bytes, unzipped and zipped."""

    files: int
    unzipped: int
    zipped: int


def measure(archive: Path) -> dict[str, Size]:
    """The size of each package in a layer's zip, largest first. A package includes its .libs folder."""
    sums: dict[str, list[zipfile.ZipInfo]] = defaultdict(list)
    with zipfile.ZipFile(archive) as opened:
        for entry in opened.infolist():
            sums[package(entry.filename)].append(entry)
    sizes = {
        name: Size(len(entries), sum(e.file_size for e in entries), sum(e.compress_size for e in entries))
        for name, entries in sums.items()
    }
    return dict(sorted(sizes.items(), key=lambda item: (-item[1].unzipped, item[0])))


_PACKAGES = {"opencv_python_headless": "cv2", "pil": "pillow", "python_dateutil": "dateutil"}


def package(path: str) -> str:
    """The package of a file in the layer: scipy for "python/scipy.libs/x.so", models for "models/u2netp.onnx"."""
    parts = path.split("/")
    if parts[0] != "python":
        return parts[0]
    name = re.split(r"-|\.", parts[1], maxsplit=1)[0].lower()
    return _PACKAGES.get(name, name)


def table(sizes: Mapping[str, Size]) -> str:
    """The sizes as a table in Markdown, with the sum in the last line."""
    rows: Sequence[tuple[str, Size]] = [*sizes.items(), ("all", total(sizes))]
    lines = [f"| {name} | {s.files:,} | {s.unzipped:,} | {s.zipped:,} |" for name, s in rows]
    return "\n".join(["| package | files | bytes unzipped | zipped |", "| --- | --: | --: | --: |", *lines])


def total(sizes: Mapping[str, Size]) -> Size:
    """The sum of all sizes."""
    return Size(*(sum(column) for column in zip(*sizes.values(), strict=True)))


def check(sizes: Mapping[str, Size], function: int) -> None:
    """Raise BuildFailed if layer and function exceed the budget. function: the size of the function's code in bytes."""
    have = total(sizes).unzipped + function
    if have > BUDGET:
        largest = ", ".join(f"{name} {size.unzipped:,}" for name, size in list(sizes.items())[:5])
        raise BuildFailed(
            f"Layer and function have {have:,} bytes unzipped; the budget is {BUDGET:,} (Lambda's limit is {LIMIT:,}). "
            f"The largest: {largest}. Add a rule to layers/prune.py for files that are never loaded."
        )
