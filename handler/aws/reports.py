"""Reports in the output bucket."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from handler import keys
from handler.aws.bucket import ObjectStore
from handler.aws.listing import Listed
from handler.jobs import ObjectRef, parse_stored
from pipeline.report import StoredReport


def stored(store: ObjectStore, bucket: str, key: str) -> StoredReport:
    """The report of the image with that key. bucket: the output bucket.

    Raises SourceMissing if there is none, ValueError where it is not JSON, StoreUnavailable.
    """
    return parse_stored(store.get(ObjectRef(bucket, keys.output(key, keys.REPORT))).data)


class ListedReport(NamedTuple):
    """A report as a listing shows it. key: of its image. written: when. has_cutout, failed: what is beside it.

    Only the report itself says for certain that its image failed: a worker may have cut it meanwhile.
    """

    key: str
    written: datetime
    has_cutout: bool
    failed: bool


def listed(files: Iterable[Listed]) -> Iterator[ListedReport]:
    """The reports among the files of the output bucket. files: in the order of their keys, so each report is the last
    of the files that it needs.
    """
    beside: defaultdict[str, set[str]] = defaultdict(set)
    for file in files:
        key, _, name = file.key.rpartition("/")
        if name == keys.REPORT:
            found = beside.pop(key, ())
            yield ListedReport(key, file.modified, keys.CUTOUT in found, keys.FAILED in found)
        elif (stem := name.partition(".")[0]) in (keys.CUTOUT, keys.FAILED):
            beside[key].add(stem)
