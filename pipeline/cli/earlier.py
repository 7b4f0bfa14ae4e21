"""The reports of earlier runs, and which files they name as results."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from pipeline.cli import gallery
from pipeline.cli.names import REPORT, Task
from pipeline.cli.saved import SavedReport, parse


def report(path: Path) -> SavedReport | None:
    """The report in a file; None if there is none, or Hairline did not write it."""
    try:
        return parse(path.read_bytes())
    except (OSError, ValueError):
        return None


def results(folder: Path, names: Iterable[str]) -> set[str]:
    """Those of a folder's files that are Hairline's reports, or that such a report names as results."""
    found = set()
    for name in names:
        if name.endswith(REPORT) and (read := report(folder / name)) is not None:
            found |= {name, *read["files"]}
    return found


def foreign(tasks: Sequence[Task], pages: Sequence[Path]) -> Path | None:
    """The first file with a result's name that is not a result of the same image, or not a page of Hairline."""
    for path in pages:
        if path.exists() and not gallery.is_own(path):
            return path
    for task in tasks:
        own = named(task, report(task.target(REPORT)))
        for path in task.targets():
            if path not in own and os.path.lexists(path):
                return path
    return None


def named(task: Task, read: SavedReport | None) -> list[Path]:
    """The files that a report names as results, the report itself first; none if it is the report of another image."""
    if read is None or read["source"].get("name") != task.source.name:
        return []
    return [task.target(REPORT), *(task.folder / name for name in read["files"] if _belongs(name, task))]


def _belongs(name: str, task: Task) -> bool:
    """Whether a name in a report can be that of a result of the task: the report may have been edited."""
    return Path(name).name == name and name.startswith(f"{task.stem}.")
