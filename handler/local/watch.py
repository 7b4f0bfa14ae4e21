"""Finds results: new reports in the output bucket, and new messages in the dead-letter queue."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from handler import keys
from handler.errors import BadEvent
from handler.events import sqs
from handler.jobs import parse_stored
from handler.local.stack import Stack
from pipeline.report import StoredReport


@dataclass(frozen=True, slots=True)
class Watch:
    """Looks at a stack's outputs, and returns each result once."""

    stack: Stack
    _reports: dict[str, tuple[datetime, str]] = field(default_factory=dict)
    _dead: set[str] = field(default_factory=set)

    def finished(self) -> Iterator[tuple[str, StoredReport]]:
        """(key of the image, report) for each report that was written since the last look."""
        s3 = self.stack.client("s3")
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=self.stack.output_bucket):
            for item in page.get("Contents", []):
                # Two reports may be written within one second, and the time has no fractions.
                key, written = item["Key"], (item["LastModified"], item["ETag"])
                if (source := keys.source_of_report(key)) is not None and self._reports.get(key) != written:
                    self._reports[key] = written
                    body = s3.get_object(Bucket=self.stack.output_bucket, Key=key)["Body"].read()
                    yield source, parse_stored(body)

    def dead_letters(self) -> Iterator[tuple[str, str]]:
        """(keys of the images, reason) for each new message in the dead-letter queue, which keeps it."""
        # With a visibility timeout of 0 s, the next look sees them again.
        messages = (
            self.stack.client("sqs")
            .receive_message(
                QueueUrl=self.stack.dead_letter_queue_url,
                MaxNumberOfMessages=10,
                VisibilityTimeout=0,
                MessageAttributeNames=["All"],
            )
            .get("Messages", [])
        )
        for message in messages:
            if message["MessageId"] not in self._dead:
                self._dead.add(message["MessageId"])
                reasons = [value.get("StringValue", "") for value in message.get("MessageAttributes", {}).values()]
                yield _sources(message["Body"]), "; ".join(reasons) or "all tries failed"

    def download(self, key: str, report: StoredReport, folder: Path) -> None:
        """Copy a report and the files that it names to `folder`/`key`, and delete what an earlier run left there."""
        s3 = self.stack.client("s3")
        target = folder / key
        target.mkdir(parents=True, exist_ok=True)
        for stale in target.iterdir():
            if stale.is_file() and keys.is_output(stale.name):
                stale.unlink()
        for name in (*report["files"], keys.REPORT):
            body = s3.get_object(Bucket=self.stack.output_bucket, Key=keys.output(key, name))["Body"].read()
            (target / name).write_bytes(body)


def _sources(body: str) -> str:
    """The keys in an S3 event, or the beginning of another message."""
    try:
        return ", ".join(job.source.key for job in sqs.parse(body))
    except BadEvent:
        return body[:100]
