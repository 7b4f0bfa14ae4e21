"""Counts the images of the last hours by outcome and reason, from the output bucket alone.

A listing shows which reports are new, and which of them have a cutout beside them. Only those without one are read. So
it costs one LIST for 1,000 files, and one GET for each image that was rejected or failed: $0.08 and perhaps an hour for
5 million images, each with three files. A prefix makes it quick. An image that failed beside the cutout of an earlier
one counts as done.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from handler import keys
from handler.aws import reports
from handler.aws.bucket import S3Store
from handler.aws.listing import Listed
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
    for key, written, has_cutout in _reports(files):
        if written < since:
            continue
        if has_cutout:
            summary.done += 1
        elif (trouble := _trouble(key, written, store, bucket)) is not None:
            summary.troubles.append(trouble)
    return summary


def _reports(files: Iterable[Listed]) -> Iterator[tuple[str, datetime, bool]]:
    """(key of the source, when its report was written, whether a cutout is beside it)."""
    cutouts: set[str] = set()
    for listed in files:
        folder, _, name = listed.key.rpartition("/")
        if name.partition(".")[0] == keys.CUTOUT:
            cutouts.add(folder)
        elif name == keys.REPORT:  # which is listed after its cutout
            yield folder, listed.modified, folder in cutouts
            cutouts.discard(folder)


def _trouble(key: str, written: datetime, store: S3Store, bucket: str) -> Trouble | None:
    """What the report says; None if the image has been cut since it was listed, or the file is not Hairline's."""
    try:
        report = reports.stored(store, bucket, key)
    except (SourceMissing, ValueError):
        return None
    if not isinstance(report, dict) or "reason" not in report:
        return None
    return Trouble(key, written, report["status"], report["reason"]["code"], report["reason"]["message"])
