"""What the handler's rooms pass to one another: where an image is, the job to cut it out, and its outcome."""

import json
from dataclasses import dataclass
from typing import Literal

from handler.dispositions import Disposition
from pipeline.report import StoredReport

METADATA = "hairline"
"""The name of an object's metadata that holds options as JSON: the header x-amz-meta-hairline."""
NAME = "hairline-name"
"""The name of the metadata that holds the name of the image's file, percent-encoded: metadata is ASCII."""
CALLBACK = "hairline-callback"
"""The name of the metadata that holds the URL of a receiver of the result; see `handler.hooks.callbacks`."""

Status = Disposition | Literal["done", "repeated", "removed"]
"""How an image ended. repeated: the output bucket had this very result already. removed: the image was deleted, and so
were its outputs.
"""


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """A place in a store. key: as the user wrote it, decoded."""

    bucket: str
    key: str

    def __str__(self) -> str:
        return f"{self.bucket}/{self.key}"


@dataclass(frozen=True, slots=True)
class Job:
    """An object was created, replaced or deleted, so its outputs must be brought up to date.

    version, etag: of the object when the event was sent, None if it does not say. They are only logged: Hairline always
    cuts the object as it is now, so that events may come late, twice or in the wrong order.
    """

    source: ObjectRef
    version: str | None = None
    etag: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended.

    report: as stored, for done, repeated and rejected images; None otherwise. callback: the receiver that the image's
    metadata names, or None.
    """

    job: Job
    status: Status
    report: StoredReport | None = None
    error: Exception | None = None
    callback: str | None = None


def parse_stored(data: bytes) -> StoredReport:
    """A `report.json` as Hairline wrote it. Raises ValueError where the data is not JSON; checks nothing else."""
    report: StoredReport = json.loads(data)
    return report
