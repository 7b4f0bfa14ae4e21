"""The completion report of a job of S3 Batch Operations: a line for each task, and their sums.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-examples-reports.html
"""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import unquote_plus

from handler import keys
from handler.aws.bucket import S3Store
from handler.events.s3_batch import RESULT_CODES
from handler.jobs import ObjectRef

FAILED = "failed"
NO_ANSWER = "no_answer"
"""The code of a task whose function gave no answer at any try: it was killed, ran out of time, or could not start."""


class Line(NamedTuple):
    """How one image ended. outcome: done, repeated, rejected or failed. confidence: None unless it was cut.

    code: of the error, if there was one. message: as S3 wrote it.
    """

    key: str
    outcome: str
    confidence: float | None
    needs_review: bool
    code: str | None
    message: str


@dataclass(slots=True)
class Tally:
    """The sums of a report. reasons: how many images were rejected or failed for each code."""

    tasks: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    needs_review: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, lines: Iterable[Line]) -> "Tally":
        """The sums of these lines."""
        tally = cls()
        for line in lines:
            tally.tasks += 1
            tally.outcomes[line.outcome] += 1
            tally.needs_review += line.needs_review
            if line.code is not None:
                tally.reasons[line.code] += 1
        return tally

    def described(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "tasks": self.tasks,
            "outcomes": dict(self.outcomes),
            "needs_review": self.needs_review,
            "reasons": dict(self.reasons),
        }


def lines(store: S3Store, state_bucket: str, job: str) -> Iterator[Line]:
    """The lines of a job's report, read one by one. Raises SourceMissing if there is none, StoreUnavailable."""
    files = json.loads(store.get(ObjectRef(state_bucket, keys.backfill_report(job))).data)["Results"]
    for file in files:
        with store.reading(ObjectRef(file["Bucket"], file["Key"])) as data:
            for row in csv.reader(io.TextIOWrapper(data, "utf-8", newline="")):
                yield parse(row)


def parse(row: list[str]) -> Line:
    """A row: bucket, key, version, status, error code, HTTP status, message. S3 leaves the key URL-encoded."""
    _, key, _, status, _, _, message = row
    words = message.split()
    own = bool(words) and words[0] in RESULT_CODES
    outcome = words[0] if own and status == "succeeded" else FAILED
    second = words[1] if own and len(words) > 1 else NO_ANSWER
    confidence = float(second) if second[0].isdigit() else None
    code = second if confidence is None else None
    return Line(unquote_plus(key), outcome, confidence, "needs_review" in words, code, message)
