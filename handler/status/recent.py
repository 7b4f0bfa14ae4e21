"""Counts the images of the last hours by outcome and reason, from the output bucket alone.

A listing shows which reports are new, and which of them have a cutout or the file `failed` beside them. Only those
without a cutout or with that file are read. So it costs one LIST for 1,000 files, and one GET for each image that was
rejected or failed: $0.08 and perhaps an hour for 5 million images, each with three files. A prefix makes it quick.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from handler.aws import reports
from handler.aws.bucket import S3Store
from handler.aws.listing import Listed
from handler.aws.reports import ListedReport
from handler.errors import SourceMissing


class Trouble(NamedTuple):
    """An image without a cutout. outcome: rejected or failed. code, message: the reason, as its report says."""

    key: str
    written: datetime
    outcome: str
    code: str
    message: str


@dataclass(slots=True)
class Summary:
    """done: images that were cut. troubles: the others, in the order of their keys."""

    done: int = 0
    troubles: list[Trouble] = field(default_factory=list)

    def reasons(self) -> list[tuple[str, str, int]]:
        """(outcome, code, number), the most frequent first."""
        counted = Counter((trouble.outcome, trouble.code) for trouble in self.troubles)
        return [(outcome, code, count) for (outcome, code), count in counted.most_common()]


def summarise(files: Iterable[Listed], since: datetime, store: S3Store, bucket: str) -> Summary:
    """files: of the output bucket, in the order of their keys. since: reports that are older are left out.

    Raises StoreUnavailable.
    """
    summary = Summary()
    for report in reports.listed(files):
        if report.written < since:
            continue
        is_cut = report.has_cutout and not report.failed
        if not is_cut and (trouble := _trouble(report, store, bucket)) is not None:
            summary.troubles.append(trouble)
        elif report.has_cutout:
            summary.done += 1
    return summary


def _trouble(listed: ListedReport, store: S3Store, bucket: str) -> Trouble | None:
    """What the report says; None if it says that the image was cut, or the file is not Hairline's."""
    try:
        report = reports.stored(store, bucket, listed.key)
    except (SourceMissing, ValueError):
        return None
    if not isinstance(report, dict) or "reason" not in report:
        return None
    reason = report["reason"]
    return Trouble(listed.key, listed.written, report["status"], reason["code"], reason["message"])
