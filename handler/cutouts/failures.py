"""The end of an image that cannot be processed: a report that says so, a notification and a dead letter.

CutoutFunction does this at its last try, and knows the reason. It cannot if its container was killed at each try, or
could not start. SQS then moves the message to a queue of given-up messages, and DeadLetterFunction, which reads that
queue, does it instead. Either way the message ends in the dead-letter queue, from which a person can redrive it. A
redrive that succeeds replaces the report.
"""

from collections.abc import Callable, Iterable
from typing import Protocol

from handler import keys, notifications, observability
from handler.aws import edits
from handler.aws.bucket import ObjectHead, ObjectStore
from handler.aws.dead_letters import DeadLetters
from handler.config import CutoutConfig
from handler.cutouts import results
from handler.errors import BadEvent, GivenUp, SourceMissing
from handler.jobs import CALLBACK, Job, ObjectRef, parse_stored
from handler.notifications import Publisher
from pipeline import describe
from pipeline.errors import HairlineError, MattingFailed, OutOfMemory, OutOfTime
from pipeline.report import Stored, StoredFailedReport

_FOR_CUSTOMERS = (OutOfTime, OutOfMemory, MattingFailed)
"""Errors whose message may leave the account; others quote AWS, or are bugs. The dead letter has every message."""


class Deps(Protocol):
    """What `conclude` depends on."""

    @property
    def config(self) -> CutoutConfig: ...
    @property
    def store(self) -> ObjectStore: ...
    @property
    def dead_letters(self) -> DeadLetters: ...
    @property
    def publisher(self) -> Publisher: ...


def conclude(body: str, failed: Iterable[tuple[Job, Exception]], deps: Deps) -> None:
    """Report the jobs that failed, and move their message to the dead-letter queue. body: as it came.

    Safe to repeat. Raises StoreUnavailable, SourceChanged.
    """
    failed = list(failed)
    for job, error in failed:
        _report(job, error, deps)
    deps.dead_letters.send(body, [error for _, error in failed])


def conclude_unfinished(body: str, parse: Callable[[], list[Job]], deps: Deps) -> None:
    """Conclude a message that SQS gave up because no try finished. parse: returns its jobs, or raises BadEvent."""
    error = GivenUp()
    try:
        jobs = parse()
    except BadEvent as bad_event:
        deps.dead_letters.send(body, [bad_event])
        return
    for job in jobs:
        facts = {"key": job.source.key, "version": job.version, "code": error.code, "reason": str(error)}
        observability.logger.error("given up", extra=facts)
    conclude(body, [(job, error) for job in jobs], deps)


def _report(job: Job, error: Exception, deps: Deps) -> None:
    """Write the report and publish it, unless there is a result of this object, or its job is deleted meanwhile."""
    try:
        results.check(job, deps.config)
        source = deps.store.head(job.source)
    except (BadEvent, SourceMissing):
        return
    folder = ObjectRef(deps.config.output_bucket, source.ref.key)
    report_ref = results.file_ref(folder, keys.REPORT)
    # Another worker may finish the image meanwhile: the conditions let its report win.
    condition: dict[str, str] = {"if_none_match": "*"}
    try:
        found = deps.store.get(report_ref)
    except SourceMissing:
        pass
    else:
        if _is_result_of(source, found.data):
            return
        condition = {"if_match": found.etag}
    edited = edits.stored(deps.store, edits.ref(folder.bucket, folder.key)).digest()
    report = _failed(source, edited, error, deps.config)
    deps.store.put(report_ref, results.encoded(report), "application/json", **condition)
    deps.store.put(results.file_ref(folder, keys.FAILED), b"", "text/plain")
    if keys.split_upload(folder.key) is not None and not _exists(job.source, deps.store):
        deps.store.erase(folder)  # the job was deleted meanwhile
        return
    notification = notifications.from_report(report, deps.config.output_bucket, source.metadata.get(CALLBACK))
    deps.publisher.publish(notification, first=False)


def _exists(ref: ObjectRef, store: ObjectStore) -> bool:
    try:
        store.head(ref)
    except SourceMissing:
        return False
    return True


def _is_result_of(source: ObjectHead, data: bytes) -> bool:
    try:
        report = parse_stored(data)
    except ValueError:
        return False  # not Hairline's
    described = isinstance(report, dict) and report.get("object") == results.described(source)
    return described and report.get("status") != "failed"


def _failed(source: ObjectHead, edited: str | None, error: Exception, config: CutoutConfig) -> StoredFailedReport:
    """It names no files: those of an earlier image stay until this one is cut."""
    reason: HairlineError = error if isinstance(error, _FOR_CUSTOMERS) else GivenUp()
    facts: Stored = {
        "object": results.described(source),
        "mark": results.mark(source, edited, config, None),
        "edits": edited,
        "files": {},
        "sha256": {},
    }
    return describe.failed(reason, config.model.known, config.options, facts)
