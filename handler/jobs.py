"""What flows through the handler: where a picture is, the job to cut it out, and how that ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

METADATA = "hairline"
"""The name of an object's metadata that holds options as JSON: the header x-amz-meta-hairline."""
CALLBACK = "hairline-callback"
"""The name of the metadata that holds a URL to be told of the result; see `handler.hooks.callbacks`."""


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """A place in a store. key: as the user wrote it, every encoding undone."""

    bucket: str
    key: str

    def __str__(self) -> str:
        return f"{self.bucket}/{self.key}"


@dataclass(frozen=True, slots=True)
class Job:
    """An object changed; its cutout is to be brought up to date.

    version, etag: of the object as the event saw it, None where it does not say. They are for the logs: what is cut
    is always the object as it is now, so that events may come late, twice or in the wrong order.
    """

    source: ObjectRef
    version: str | None = None
    etag: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended.

    status: "done", "repeated" (the store held this very result already), or the word of `error`'s disposition.
    report: as stored, for done, repeated and refused pictures; empty otherwise.
    callback: the URL that the picture's metadata asks to be told, None where it does not.
    """

    job: Job
    status: str
    report: Mapping[str, Any] = field(default_factory=dict)
    error: Exception | None = None
    callback: str | None = None
