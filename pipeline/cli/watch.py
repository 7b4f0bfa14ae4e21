"""A hot folder: the images that arrive in it, each when it is complete."""

import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from pipeline.cli.names import BadPaths, Task
from pipeline.cli.plan import check_free
from pipeline.cli.text import one_line

_SETTLED = 1.0
"""Seconds for which a file must not change before it counts as complete: programs copy without such a pause."""
_Stamp = tuple[int, int]  # bytes, and nanoseconds of the last change


def arrivals(folders: Sequence[Path], planned: Callable[[], Sequence[Task]]) -> Iterator[list[Task]]:
    """Batches of images, for ever: first those that are there, then those that arrive or change.

    planned: lists all images that are there now. Raises BadPaths if a folder cannot be watched.
    """
    yielded: dict[Path, _Stamp] = {}
    waiting: dict[Path, _Stamp] = {}
    with _changes(folders) as changed:
        while True:
            if not waiting:
                changed.wait()
            changed.clear()
            time.sleep(_SETTLED)
            before, waiting, ready = waiting, {}, []
            for task in planned():
                stamp = _stamp(task.source)
                if stamp is None or yielded.get(task.source) == stamp:
                    continue
                if before.get(task.source) == stamp:
                    yielded[task.source] = stamp
                    ready.append(task)
                else:
                    waiting[task.source] = stamp
            if ready:
                yield ready


def unobstructed(tasks: Sequence[Task]) -> list[Task]:
    """The tasks whose results replace no file that Hairline did not write. Names the others on standard error."""
    found = []
    for task in tasks:
        try:
            check_free([task])
        except BadPaths as error:
            print(one_line(f"{task.source}: {error}"), file=sys.stderr, flush=True)
        else:
            found.append(task)
    return found


def _stamp(path: Path) -> _Stamp | None:
    """None if the file is gone."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


class _Bell(FileSystemEventHandler):
    """Sets an event when a file is new or changed, but not when one is read."""

    def __init__(self) -> None:
        self.rung = threading.Event()
        self.rung.set()  # for what is there already

    def on_created(self, event: FileSystemEvent) -> None:  # noqa: ARG002 - a search of the folders finds the file
        self.rung.set()

    on_modified = on_moved = on_attrib = on_created


@contextmanager
def _changes(folders: Sequence[Path]) -> Iterator[threading.Event]:
    """An event that is set whenever something changes in the folders or below."""
    bell, observer = _Bell(), Observer()
    try:
        for folder in folders:
            observer.schedule(bell, str(folder), recursive=True)
        observer.start()
    except OSError as error:
        raise BadPaths(f"{', '.join(map(str, folders))} cannot be watched: {error.strerror}.") from error
    try:
        yield bell.rung
    finally:
        observer.stop()
        observer.join()
