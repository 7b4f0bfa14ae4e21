"""The images of a folder and what is known of each. Nothing here cuts or serves."""

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.cli import earlier, edits
from pipeline.cli.edits import EDITS
from pipeline.cli.image import ADVICE
from pipeline.cli.names import REPORT, Task, endings, key
from pipeline.cli.plan import plan
from pipeline.cli.saved import SavedReport
from pipeline.disk import sweep
from pipeline.edits import Edits
from pipeline.errors import BadOptions
from pipeline.formats import READABLE, SUFFIXES
from pipeline.options import Options
from pipeline.review import Reviewed
from pipeline.sniff import sniff

RESULTS = "cutouts"
"""The folder of the results, below the folder of the images."""
MAX_NAME = 150
"""Bytes of a file's name; file systems allow 255, and results have longer names."""


@dataclass(slots=True, kw_only=True)
class Item(Reviewed):
    """An image of the folder."""

    task: Task
    report: SavedReport | None = None

    def load(self) -> None:
        """Read the report and the edits again."""
        self.report = earlier.report(self.task.target(REPORT))
        try:
            self.edits = edits.read(self.task.target(EDITS))
        except (BadOptions, OSError):
            self.edits = Edits()  # cutting the image says what is wrong with the file


class Library:
    """The images of one folder. lock: hold it to change an item."""

    def __init__(self, folder: Path, options: Options) -> None:
        """Find the folder's images. Raises OSError, and BadPaths if results cannot be written there."""
        self.folder, self.options, self.lock = folder.resolve(), options, threading.RLock()
        self.results = self.folder / RESULTS
        self._endings = endings(options)
        planned = plan([self.folder], self.results, self._endings, force=True)
        self._items = {item.id: item for item in map(self._item, planned.tasks) if self.inside(item.task.source)}
        for place in {item.task.folder for item in self._items.values()}:
            sweep(place)
        for item in self._items.values():
            item.load()
            if item.report is not None:
                settle(item)

    def _item(self, task: Task) -> Item:
        path = task.source.relative_to(self.folder).as_posix()
        id_ = hashlib.sha256(path.encode(errors="surrogateescape")).hexdigest()[:16]
        return Item(id=id_, name=_readable(task.source.name), task=task)

    def inside(self, path: Path) -> bool:
        """Whether a path leads to something in the folder, also through links."""
        return path.resolve().is_relative_to(self.folder)

    def __iter__(self) -> Iterator[Item]:
        with self.lock:
            return iter(list(self._items.values()))

    def get(self, id_: str) -> Item | None:
        """The image with this id."""
        return self._items.get(id_)

    def add(self, name: str, data: bytes) -> Item:
        """Write a new image into the folder, under a name that nothing else has. Raises InputError, OSError."""
        format_ = next(row for row in READABLE if row.name == sniff(data))
        plain = "".join(letter for letter in name if letter.isprintable() or letter in "\u200e\u200f\u202a\u202c")
        last = plain.replace("\\", "/").rpartition("/")[2]
        path = Path(last.encode()[-MAX_NAME:].decode(errors="ignore").lstrip(". ") or "image")
        if path.suffix.lower() not in SUFFIXES:
            path = path.with_name(path.name + format_.suffixes[0])
        with self.lock:
            taken = {key(Path(stem)) for item in self._items.values() for stem in self._stems(item)}
            for name_ in _numbered(path):
                task = Task(self.folder / name_, self.results, name_.stem, self._endings)
                if key(Path(name_.stem)) not in taken and not task.source.exists():
                    break
            with task.source.open("xb") as file:
                try:
                    file.write(data)
                except OSError:
                    task.source.unlink()
                    raise
            item = self._item(task)
            self._items[item.id] = item
            return item

    @staticmethod
    def _stems(item: Item) -> tuple[str, str]:
        return item.task.stem, item.task.source.stem

    def file(self, item: Item, view: str) -> Path | None:
        """The file of a plane, or of the cutout, None if there is none."""
        report = item.report
        if report is None or not report["files"]:
            return None
        name = report["files"][0] if view == "cutout" else f"{item.task.stem}.{view}.png"
        path = item.task.folder / name
        known = path in earlier.named(item.task, report)
        return path if known and path.is_file() and self.inside(path) else None


def settle(item: Item, message: str = "") -> None:
    """Set the state that the item's report gives. message: why nothing was written."""
    report = item.report
    if message:
        item.state, item.message = "failed", message
    elif report is not None and report["status"] == "rejected":
        item.state, item.message = "failed", report["reason"]["message"]
        for advice in ADVICE.values():  # flags help nobody on a page
            item.message = item.message.removesuffix(advice)
    else:
        item.state, item.message = "done", None


def _readable(name: str) -> str:
    """A file's name, as a person reads it."""
    return name.encode(errors="surrogateescape").decode(errors="replace")


def _numbered(path: Path) -> Iterator[Path]:
    yield path
    number = 2
    while True:
        yield path.with_name(f"{path.stem}-{number}{path.suffix}")
        number += 1
