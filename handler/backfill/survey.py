"""What a backfill would do: each image of a list beside its result, without a request for each image."""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Literal, NamedTuple

from handler import keys
from handler.aws import reports
from handler.aws.listing import Listed
from pipeline import formats

Kind = Literal["cut", "done", "too_large", "not_an_image", "left_out"]


class Image(NamedTuple):
    """An object of the input bucket. size, modified: None if its list does not say."""

    key: str
    size: int | None = None
    modified: datetime | None = None


class Finding(NamedTuple):
    """An image and what a backfill does with it. result: when its report was written; None without a report, or
    where it says that the image failed.
    """

    image: Image
    kind: Kind
    result: datetime | None


@dataclass(frozen=True, slots=True)
class Filters:
    """Which images a backfill is for. after, before: when they were uploaded. sizes in bytes, inclusive."""

    prefix: str = ""
    suffixes: tuple[str, ...] = ()
    after: datetime | None = None
    before: datetime | None = None
    min_bytes: int | None = None
    max_bytes: int | None = None

    def accept(self, image: Image) -> bool:
        """Whether the image passes. An image whose list says no size or date passes those filters."""
        return (
            image.key.startswith(self.prefix)
            and (not self.suffixes or image.key.endswith(self.suffixes))
            and (image.modified is None or self.after is None or image.modified > self.after)
            and (image.modified is None or self.before is None or image.modified < self.before)
            and (image.size is None or self.min_bytes is None or image.size >= self.min_bytes)
            and (image.size is None or self.max_bytes is None or image.size <= self.max_bytes)
        )


def survey(images: Iterable[Image], outputs: Iterable[Listed], filters: Filters, max_bytes: int) -> Iterator[Finding]:
    """Join the images with the listing of the output bucket, both in the order of their keys, in constant memory.

    max_bytes: of a file that the deployment accepts.
    """
    found = reports.listed(outputs)
    report = next(found, None)
    for order, image in _in_order_of_reports(images):
        while report is not None and keys.output(report.key, keys.REPORT) < order:
            report = next(found, None)
        result = report.written if report is not None and report.key == image.key and not report.failed else None
        yield Finding(image, _kind(image, result, filters, max_bytes), result)


def _in_order_of_reports(images: Iterable[Image]) -> Iterator[tuple[str, Image]]:
    """The images with the keys of their reports, in the order of those: "a/report.json" comes after "a.jpg/...".

    An image is held back until no later one can come before it, so only images whose keys begin other keys wait.
    """
    held: list[tuple[str, Image]] = []
    for image in images:
        while held and held[0][0] < image.key:
            yield heapq.heappop(held)
        heapq.heappush(held, (keys.output(image.key, keys.REPORT), image))
    while held:
        yield heapq.heappop(held)


def _kind(image: Image, result: datetime | None, filters: Filters, max_bytes: int) -> Kind:
    suffix = PurePosixPath(image.key).suffix.lower()
    if image.size == 0 or image.key.endswith("/") or not filters.accept(image):
        return "left_out"
    if result is not None and (image.modified is None or result >= image.modified):
        return "done"
    if image.size is not None and image.size > max_bytes:
        return "too_large"
    # A key without a suffix, such as that of a shop's original, may hold anything.
    return "cut" if not suffix or suffix in formats.SUFFIXES else "not_an_image"
