"""A stand-in for S3 Batch Operations, written from AWS's documentation.

Manifest with URL-encoded keys, one task an invocation (schema 2.0), at-least-once calls, throttling by Lambda, redrives
of temporary failures, a stop when over half of at least 1,000 tasks have failed, and a completion report whose
manifest.json is written last: https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops.html
How often it redrives AWS does not say; here it is REDRIVES.
"""

import csv
import hashlib
import io
import json
import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from handler.local.container import Container, FunctionFailed

REDRIVES = 3
THRESHOLD, LEAST = 0.5, 1000
RESULT_CODES = ("Succeeded", "TemporaryFailure", "PermanentFailure")
Row = tuple[str, ...]


class Throttled(Exception):
    """Lambda's answer 429: the function has no container left."""


@dataclass
class Function:
    """A Lambda function with reserved concurrency: beyond its containers, calls are throttled."""

    containers: Sequence[Container]
    _idle: list[Container] = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._idle = list(self.containers)

    def invoke(self, event: dict[str, Any]) -> Any:
        with self._lock:
            if not self._idle:
                raise Throttled
            container = self._idle.pop()
        try:
            return container.call(event)
        finally:
            self._idle.append(container)


@dataclass
class Job:
    """A job that is confirmed.

    duplicates: the share of calls that are made twice, at the same time. watcher: is called with the number of tasks
    that have ended, after each of them.
    """

    id: str
    s3: Any
    report_bucket: str
    report_prefix: str
    function: Function
    arguments: dict[str, str]
    watcher: Callable[[int], None]
    duplicates: float = 0.0
    seed: int = 0
    status: str = "Active"
    cancelled: threading.Event = field(default_factory=threading.Event)
    _extra: list[threading.Thread] = field(default_factory=list)

    def run(self, manifest: Sequence[tuple[str, str]], threads: int, cancel_after: int | None = None) -> None:
        """Process every (bucket, key), and write the report. cancel_after: so many tasks have ended."""
        ended: list[Row] = []
        counting = threading.Lock()

        def one(number: int, place: tuple[str, str]) -> None:
            if self.cancelled.is_set():
                return
            row = self._task(number, *place)
            with counting:
                ended.append(row)
                count = len(ended)
                failed = sum(row[3] == "failed" for row in ended) if count % 100 == 0 else 0
            if count >= LEAST and failed > THRESHOLD * count:
                self.status = "Failed"
                self.cancelled.set()
            if count == cancel_after:
                self.status = "Cancelled"
                self.cancelled.set()
            self.watcher(count)

        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(one, range(len(manifest)), manifest))
        if self.status == "Active":
            self.status = "Complete"
        for thread in self._extra:
            thread.join()
        self._report(ended)

    def _task(self, number: int, bucket: str, key: str) -> Row:
        """The task's row in the report."""
        chance = random.Random(f"{self.seed} {number}")
        for _ in range(REDRIVES + 1):
            if chance.random() < self.duplicates:
                extra = threading.Thread(target=self._call, args=(number, bucket, key))
                self._extra.append(extra)
                extra.start()
            code, message = self._call(number, bucket, key)
            if code == "Succeeded":
                return bucket, quote(key), "", "succeeded", "200", "", message
            if code == "PermanentFailure":
                break
        return bucket, quote(key), "", "failed", "200", code, message

    def _call(self, number: int, bucket: str, key: str) -> tuple[str, str]:
        task = {"taskId": f"task-{number}", "s3Key": quote(key), "s3VersionId": None, "s3Bucket": bucket}
        event = {
            "invocationSchemaVersion": "2.0",
            "invocationId": f"{self.id}-{number}",
            "job": {"id": self.id, "userArguments": self.arguments},
            "tasks": [task],
        }
        while True:
            try:
                reply = self.function.invoke(event)
            except Throttled:
                time.sleep(0.01)
                continue
            except FunctionFailed as error:
                return "TemporaryFailure", f'Lambda returned function error: {{"errorMessage":"{error}"}}'
            break
        assert set(reply) == {"invocationSchemaVersion", "treatMissingKeysAs", "invocationId", "results"}
        assert (reply["invocationSchemaVersion"], reply["invocationId"]) == ("2.0", event["invocationId"])
        assert reply["treatMissingKeysAs"] in RESULT_CODES
        (result,) = reply["results"]
        assert result["taskId"] == task["taskId"]
        assert result["resultCode"] in RESULT_CODES
        return result["resultCode"], result["resultString"]

    def _report(self, rows: Sequence[Row]) -> None:
        folder, results = f"{self.report_prefix}/job-{self.id}", []
        for status in ("succeeded", "failed"):
            text = io.StringIO()
            csv.writer(text, lineterminator="\n").writerows(row for row in rows if row[3] == status)
            body = text.getvalue().encode()
            key = f"{folder}/results/{hashlib.sha1(body).hexdigest()}.csv"
            self.s3.put_object(Bucket=self.report_bucket, Key=key, Body=body)
            checksum = hashlib.md5(body).hexdigest()
            results.append(
                {"TaskExecutionStatus": status, "Bucket": self.report_bucket, "MD5Checksum": checksum, "Key": key}
            )
        schema = "Bucket, Key, VersionId, TaskStatus, ErrorCode, HTTPStatusCode, ResultMessage"
        manifest = {"Format": "Report_CSV_20180820", "Results": results, "ReportSchema": schema}
        self.s3.put_object(Bucket=self.report_bucket, Key=f"{folder}/manifest.json", Body=json.dumps(manifest).encode())
