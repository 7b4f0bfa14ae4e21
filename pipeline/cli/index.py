"""The pages of a run, made from the reports on disk, so that a long run needs no memory for them."""

from array import array
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline.cli import earlier, gallery
from pipeline.cli.image import broken_rules
from pipeline.cli.names import REPORT, Task
from pipeline.disk import write


def write_pages(folder: Path, tasks: Sequence[Task], failures: Mapping[Path, str]) -> None:
    """Write the pages that show all images, the most doubtful first, and remove surplus pages of an earlier run.

    failures: why images failed in this run, by their names in the folders of their results. Raises OSError.
    """
    confidences, review = array("f"), 0
    for task in tasks:
        entry = _entry(task, failures)
        confidences.append(gallery.confidence(entry))
        review += gallery.needs_review(entry)
    order = sorted(range(len(tasks)), key=confidences.__getitem__)
    names = gallery.names(len(tasks))
    for number, name in enumerate(names, 1):
        first = (number - 1) * gallery.PER_PAGE
        entries = [_entry(tasks[place], failures) for place in order[first : first + gallery.PER_PAGE]]
        text = gallery.page(entries, folder, number=number, count=len(tasks), review=review)
        write(folder / name, text.encode("utf-8", "surrogateescape"))
    number = len(names) + 1
    while gallery.is_own(page := folder / gallery.name(number)):
        page.unlink()
        number += 1


def _entry(task: Task, failures: Mapping[Path, str]) -> gallery.Entry:
    picture = task.folder / task.source.name
    report = earlier.report(task.target(REPORT))
    if picture in failures or report is None:
        return gallery.Entry(picture, message=failures.get(picture, "Its report cannot be read."))
    if report["status"] == "rejected":
        message = f"{report['reason']['code']}: {report['reason']['message']}"
        return gallery.Entry(picture, message=message, report=task.target(REPORT))
    sheet = task.target(".sheet.jpg")
    return gallery.Entry(
        picture,
        report["quality"] if "quality" in report else None,  # noqa: SIM401 - mypy takes the type from it, not from get
        breaks=broken_rules(report),
        sheet=sheet if sheet.name in report["files"] else None,
        output=task.folder / report["files"][0],
        report=task.target(REPORT),
    )
