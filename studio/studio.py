"""The folder's back end: what each request of the page does. docs/studio-api.md describes the requests."""

import functools
import itertools
import queue
import tempfile
import threading
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from pipeline import review, views
from pipeline.cli import edits, image
from pipeline.cli.batch import Work, cut_one
from pipeline.cli.edits import EDITS
from pipeline.cli.image import Line
from pipeline.disk import locked
from pipeline.edits import Edits
from pipeline.errors import ModelUnavailable
from pipeline.options import PLANES, Options
from pipeline.types import Encoded
from studio import tasks
from studio.library import Item, Library, settle
from studio.pools import Killed, Worker

SOON, LATER = 0, 1
"""Edited images are cut before new ones, because a person waits for them."""
MADE: Mapping[str, tuple[Callable[[Path, Options], Encoded], int]] = {
    "thumbnail": (tasks.thumbnail, 1000),
    "original": (tasks.original, 8),
}
"""Views that are made from a file, and how many of each stay in memory: an original may have 20 MB."""
GONE = "This image is not in the folder. It may have been moved or deleted."


class NotFound(Exception):
    """There is no such image, or no such view of it."""


class NotCut(Exception):
    """The image has no cutout that could be sent."""


class Conflict(Exception):
    """Somebody else changed the image meanwhile. record: as it is now."""

    def __init__(self, record: dict[str, Any]) -> None:
        super().__init__("Somebody else changed this image meanwhile. Look at it again.")
        self.record = record


class Studio:
    """A folder that is open in the studio. close: ends its threads and processes."""

    def __init__(self, folder: Path, model: tasks.Model, options: Options) -> None:
        """Begin to cut what is not up to date. Raises OSError, BadPaths."""
        self.options = replace(options, stages=PLANES)
        self._model = model
        self.library = Library(folder, self.options)
        self._cutter, self._helper, self._previewer = Worker(), Worker(), Worker()
        self._queue: queue.PriorityQueue[tuple[int, int, str]] = queue.PriorityQueue()
        self._number = itertools.count()
        self._made = {
            view: functools.lru_cache(maxsize=kept)(functools.partial(self._make, function))
            for view, (function, kept) in MADE.items()
        }
        for item in self.library:
            self._put(LATER, item.id)
        self._thread = threading.Thread(target=self._cut_all, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the threads and processes. Unfinished images are cut again at the next start."""
        self._put(-1, "")
        self._cutter.close()
        self._helper.close()
        self._previewer.close()

    def _put(self, when: int, id_: str) -> None:
        self._queue.put((when, next(self._number), id_))

    def _cut_all(self) -> None:
        while True:
            when, _, id_ = self._queue.get()
            if when < 0:
                return
            item = self._item(id_)
            with self.library.lock:
                if item.state == "waiting":
                    item.state = "working"
            work = Work(self._model.spec, self._model.folder, self.options)
            line = self._try(item, work)
            with self.library.lock:
                item.load()
                if item.state != "waiting":  # else it was edited meanwhile, and is in the queue again
                    settle(item, line.reason if line.status == "failed" else "")

    def _try(self, item: Item, work: Work) -> Line:
        try:
            self._source(item)
            return self._cutter.call(cut_one, item.task, work)
        except (NotFound, Killed, ModelUnavailable, OSError) as error:  # OSError: the system starts no further process
            return image.failed(item.task, str(error))

    def _item(self, id_: str) -> Item:
        item = self.library.get(id_)
        if item is None:
            raise NotFound(GONE)
        return item

    def _source(self, item: Item) -> Path:
        """The image's file. Raises NotFound if there is none any more, or if it is now a link out of the folder."""
        path = item.task.source
        if not path.is_file() or not self.library.inside(path):
            raise NotFound(GONE)
        return path

    # What the page asks for

    def session(self) -> dict[str, Any]:
        """What the page needs at its start."""
        return review.session(self.library.folder.name, self.options, local=True)

    def list(self, state: str, form: str | None, after: str | None) -> dict[str, Any]:
        """One page of the list; see `review.page`."""
        return review.page(self.library, state, form, after)

    def add(self, name: str, data: bytes) -> dict[str, Any]:
        """A new image. Raises InputError for a file that is not an image, OSError."""
        item = self.library.add(name, data)
        self._put(LATER, item.id)
        return item.entry()

    def record(self, id_: str) -> dict[str, Any]:
        """All of one image."""
        return self._item(id_).record()

    def picture(self, id_: str, view: str) -> tuple[Path | bytes, str]:
        """A view of an image, as a file or as bytes, and its media type. Raises NotFound, InputError, OSError."""
        item = self._item(id_)
        if view in ("cutout", *PLANES):
            path = self.library.file(item, view)
            if path is None:
                raise NotFound(f"{item.name} has no {view} yet.")
            return path, "image/png"
        if view not in MADE:
            raise NotFound(f"{view[:40]!r} is not a view of an image.")
        cutout = self.library.file(item, "cutout") if view == "thumbnail" else None
        source = cutout or self._source(item)
        made = self._made[view](source, source.stat().st_mtime_ns)
        return made.data, made.content_type

    def _make(self, function: Callable[[Path, Options], Encoded], source: Path, _modified: int) -> Encoded:
        return self._helper.call(function, source, self.options)

    def preview(self, id_: str, body: object) -> tuple[bytes, float]:
        """The cutout with unsaved edits: a PNG and its confidence. Raises HairlineError, OSError."""
        options = Edits.parse(body).applied(self.options)
        return self._previewer.call(tasks.preview, self._source(self._item(id_)), self._model, options)

    def edit(self, id_: str, body: object) -> dict[str, Any]:
        """Store edits and cut again. Raises BadOptions, Conflict, OSError."""
        return self._change(id_, Edits.parse_change(body), Edits.edited, again=True)

    def decide(self, id_: str, body: object) -> dict[str, Any]:
        """Store a decision. Raises BadOptions, Conflict, OSError."""
        return self._change(id_, Edits.parse_change(body), Edits.decided, again=False)

    def _change(
        self, id_: str, given: Edits, change: Callable[[Edits, Edits], Edits], *, again: bool
    ) -> dict[str, Any]:
        item = self._item(id_)
        path = item.task.target(EDITS)
        with self.library.lock, locked(self.library.results / ".hairline"):
            stored = edits.read(path)  # another studio may have changed them
            if stored.revision != given.revision:
                item.edits = stored
                raise Conflict(item.record())
            changed = change(stored, given)
            edits.save(path, changed)
            item.edits = changed
            if again:
                item.state, item.message = "waiting", None
                self._put(SOON, id_)
            return item.record()

    def download(self, id_: str, form: Mapping[str, str]) -> tuple[bytes, str, str]:
        """A cutout as a file: its bytes, media type and name. Raises NotCut, HairlineError, OSError."""
        item = self._item(id_)
        made, _ = self._form(item, form)
        return made.data, made.content_type, f"{item.task.stem}.{made.extension}"

    def compliance(self, id_: str, marketplace: str) -> dict[str, Any]:
        """How the listing image meets the marketplace's rules. Raises NotCut, HairlineError, OSError."""
        _, facts = self._form(self._item(id_), {"marketplace": marketplace})
        return views.rules(facts[marketplace])

    def approved(self, form: Mapping[str, str]) -> IO[bytes]:
        """A ZIP of all approved images. Raises NotCut if there is none, HairlineError, OSError."""
        items = [item for item in self.library if "approved" in item.filters]
        if not items:
            raise NotCut("No image is approved yet.")
        file = tempfile.SpooledTemporaryFile(max_size=64_000_000)  # noqa: SIM115 - the response closes it
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for item in items:
                made, _ = self._form(item, form)
                inner = item.task.folder.relative_to(self.library.results) / f"{item.task.stem}.{made.extension}"
                name = str(inner).encode(errors="surrogateescape").decode(errors="backslashreplace")
                archive.writestr(name, made.data)
        file.seek(0)
        return file

    def _form(self, item: Item, form: Mapping[str, str]) -> tuple[Encoded, dict[str, Any]]:
        cutout, alpha = self.library.file(item, "cutout"), self.library.file(item, "alpha")
        if item.state != "done" or cutout is None or alpha is None:
            raise NotCut(f"{item.name} is not cut out yet.")
        options = views.form(form, self.options)
        if options == replace(self.options, stages=()):
            return Encoded(cutout.read_bytes(), "image/png", "png"), {}
        return self._helper.call(tasks.download, self._source(item), alpha, options)
