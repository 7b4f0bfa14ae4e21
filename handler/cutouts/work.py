"""Process a job: bring the outputs of a key up to date with the image that has that key now.

Events come late, twice and in any order, and a worker may be killed at any moment. So an event is not an order to cut
one version of an image; it only says that the key changed:

1. Look at the source as it is now, and at what the output bucket has for it. If the report there has the mark of this
   source, options, model and version of Hairline, and the files are those that it names, nothing is left to do.
2. Otherwise cut. Delete the old report first, then files that the new result does not have, write the files, and the
   new report last: whenever there is a report, the files that it names are there.
3. Look at the source again. If it changed meanwhile, start again, so that a slow worker with an old image never writes
   last.

A worker that dies on the way leaves its message to another, which finds that report and files disagree, and cuts again.
Two workers with the same image write the same bytes.
"""

import functools
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Protocol

from handler import dispositions, keys, notifications, observability
from handler.aws.bucket import ObjectHead, ObjectStore
from handler.config import BucketConfig, CutoutConfig, parse_options
from handler.cutouts import failures, results
from handler.dispositions import ALARM, RETRY
from handler.errors import BadEvent, SourceChanged, SourceMissing, StoreUnavailable
from handler.jobs import CALLBACK, METADATA, Job, ObjectRef, Outcome, parse_stored
from handler.observability import Door, Processed
from pipeline import describe
from pipeline.errors import HairlineError, ImageTooLarge, OutOfMemory, OutOfTime
from pipeline.models import ModelSpec
from pipeline.options import Options
from pipeline.report import CutReport, RejectedReport, StoredReport
from pipeline.run import cut_out
from pipeline.segment import Segmenter
from pipeline.types import Encoded

MIN_SECONDS = 10.0
"""With fewer seconds left, no image is started."""
RESERVED_SECONDS = 5.0
"""For writing the outputs and the reply."""

Clock = Callable[[], float]
"""Seconds left until the function is stopped."""


class Deps(Protocol):
    """What cutting one image needs of the world. version: of the function, where its attempts are counted."""

    @property
    def config(self) -> BucketConfig: ...
    @property
    def store(self) -> ObjectStore: ...
    @property
    def model(self) -> ModelSpec: ...
    @property
    def segmenter(self) -> Segmenter: ...
    @property
    def door(self) -> Door: ...
    @property
    def version(self) -> str | None: ...


class MessageDeps(Deps, failures.Deps, Protocol):
    """What a message needs of the world."""

    @property
    def config(self) -> CutoutConfig: ...


Made = tuple[dict[str, Encoded], CutReport]
"""The output files of an image by their names, and the report on them."""
Cut = Callable[[ObjectHead, Deps, Clock], Made]
"""How a source becomes a result: `cut`, or in a backfill another way with the same outcome."""


def process_message(
    body: str, parse: Callable[[], list[Job]], deps: MessageDeps, seconds_left: Clock, *, last_try: bool = False
) -> list[Outcome]:
    """Process all jobs of one message.

    body: as it came, for the dead-letter queue. parse: returns its jobs, or raises BadEvent.
    Raises the first error that a retry may solve, after every job was processed; done ones stay done. What can never
    succeed, or failed at the last try, gets a report with the status "failed", and the message goes to the dead-letter
    queue with the reason and counts as processed.
    """
    try:
        jobs = parse()
    except BadEvent as error:
        observability.logger.exception("event", extra={"code": error.code, "reason": str(error)})
        deps.dead_letters.send(body, [error])
        return []
    outcomes = [_notify(process(job, deps, seconds_left), deps) for job in jobs]
    failed = [(each.job, each.error) for each in outcomes if each.status in (RETRY, ALARM) and each.error is not None]
    if not last_try:
        for outcome in outcomes:
            if outcome.status == RETRY and outcome.error is not None:
                raise outcome.error
    if failed:
        failures.conclude(body, failed, deps)
    return outcomes


def _notify(outcome: Outcome, deps: MessageDeps) -> Outcome:
    """Publish how it ended. If that fails, the job is retried as a whole, and finds its report."""
    if not outcome.report:
        return outcome
    try:
        notification = notifications.from_report(outcome.report, deps.config.output_bucket, outcome.callback)
        deps.publisher.publish(notification, first=outcome.status != "repeated")
    except StoreUnavailable as error:
        observability.logger.warning("notification", extra={"key": outcome.job.source.key, "reason": str(error)})
        return _failure(outcome.job, error)
    return outcome


def cut(source: ObjectHead, deps: Deps, seconds_left: Clock) -> Made:
    """Cut the source as its options say. Raises what `cut_out` does, SourceMissing, SourceChanged, StoreUnavailable."""
    options = options_of(source, deps.config)
    if source.size > options.max_bytes:
        raise ImageTooLarge.of_file(source.size, options.max_bytes)
    with observability.span("download"):
        data = deps.store.get(source.ref, source.etag).data
    with observability.span("cut_out"):
        result = cut_out(data, deps.segmenter, options, deadline=seconds_left() - RESERVED_SECONDS)
    outputs = {f"{keys.CUTOUT}.{result.output.extension}": result.output}
    outputs |= {f"{name}.{made.extension}": made for name, made in {**result.stages, **result.listings}.items()}
    return outputs, result.report


def process(job: Job, deps: Deps, seconds_left: Clock, cut: Cut = cut) -> Outcome:
    """Process one job and record how it ended. Raises nothing: the outcome and the log have the error."""
    begin = time.perf_counter()
    try:
        outcome = _process(job, deps, seconds_left, cut)
    except MemoryError as error:
        out_of_memory = OutOfMemory("The image needs more memory than the function has. Raise MemorySize.")
        out_of_memory.__cause__ = error
        outcome = _failure(job, out_of_memory)
    except Exception as error:  # noqa: BLE001  the boundary: logged with its traceback, then retried
        outcome = _failure(job, error)
    observability.record(
        Processed(
            door=deps.door,
            identity={**asdict(job.source), "version": job.version, "etag": job.etag},
            status=outcome.status,
            ms=1000 * (time.perf_counter() - begin),
            version=deps.version,
            report=outcome.report,
            error=outcome.error,
        )
    )
    return outcome


def _failure(job: Job, error: Exception) -> Outcome:
    return Outcome(job, dispositions.of(error).disposition, error=error)


def _process(job: Job, deps: Deps, seconds_left: Clock, cut: Cut) -> Outcome:
    results.check(job, deps.config)
    try:
        while True:
            if (left := seconds_left()) < MIN_SECONDS:
                raise OutOfTime(f"Only {left:.0f} s are left, too few to start {job.source}.")
            source = deps.store.head(job.source)
            outcome = _bring_up_to_date(job, source, deps, functools.partial(cut, source, deps, seconds_left))
            if outcome.status == "repeated" or _unchanged(source, deps):
                return outcome
    except SourceMissing:
        if keys.split_upload(job.source.key):
            _delete_outputs(ObjectRef(deps.config.output_bucket, job.source.key), deps)
        raise


def _unchanged(source: ObjectHead, deps: Deps) -> bool:
    try:
        return deps.store.head(source.ref) == source
    except SourceMissing:
        if keys.split_upload(source.ref.key):
            raise  # the API deletes a job with its outputs, also with those that are written at this moment
        return True  # it was deleted after it was cut, so its outputs stay


def _delete_outputs(folder: ObjectRef, deps: Deps) -> None:
    for name in filter(keys.is_output, deps.store.children(folder)):
        deps.store.delete(results.file_ref(folder, name))


def _bring_up_to_date(job: Job, source: ObjectHead, deps: Deps, cut: Callable[[], Made]) -> Outcome:
    folder = ObjectRef(deps.config.output_bucket, source.ref.key)
    existing = {name: etag for name, etag in deps.store.children(folder).items() if keys.is_output(name)}
    mark = results.mark(source, deps.config, deps.model)
    if (current := _current_report(folder, existing, mark, deps)) is not None:
        return Outcome(job, "repeated", current, callback=source.metadata.get(CALLBACK))
    # A container that is killed writes nothing more, so this line must name the image before the work begins.
    observability.logger.info("begin", extra={"key": source.ref.key, "version": source.version, "bytes": source.size})
    error: HairlineError | None = None
    outputs: dict[str, Encoded]
    report: CutReport | RejectedReport
    try:
        outputs, report = cut()
    except HairlineError as rejected:
        if not dispositions.of(rejected).reported:
            raise
        error, outputs, report = rejected, {}, describe.rejected(rejected, deps.model, deps.config.options)
    with observability.span("write"):
        files = _write(folder, existing, outputs, deps)
        stored = describe.stored(report, {"object": results.described(source), "mark": mark, "files": files})
        deps.store.put(results.file_ref(folder, keys.REPORT), results.encoded(stored), "application/json")
    return Outcome(job, "done" if error is None else dispositions.REJECT, stored, error, source.metadata.get(CALLBACK))


def _current_report(folder: ObjectRef, existing: Mapping[str, str], mark: str, deps: Deps) -> StoredReport | None:
    """The report in the output bucket, if it has this mark and names exactly the files beside it."""
    if keys.REPORT not in existing:
        return None
    try:
        report = parse_stored(deps.store.get(results.file_ref(folder, keys.REPORT), existing[keys.REPORT]).data)
    except (SourceMissing, SourceChanged, ValueError):
        return None  # another worker is writing it, or it is not Hairline's: in both cases it is to be replaced
    files = {name: etag for name, etag in existing.items() if name != keys.REPORT}
    # After a failure, a redrive cuts the image again.
    current = (
        isinstance(report, dict)
        and report.get("mark") == mark
        and report.get("files") == files
        and report.get("status") != "failed"
    )
    return report if current else None


def options_of(source: ObjectHead, config: BucketConfig) -> Options:
    """The defaults, overridden by the object's own options, and always the matte."""
    options = config.options
    if text := source.metadata.get(METADATA):
        options = options.overridden_by(parse_options(text, f"The object's metadata x-amz-meta-{METADATA}"))
    return results.with_matte(options)


def _write(
    folder: ObjectRef, existing: Mapping[str, str], outputs: Mapping[str, Encoded], deps: Deps
) -> dict[str, str]:
    """Delete the old report, then stale files, and write the outputs: this order misleads no reader. Returns etags."""
    stale = sorted(existing.keys() - outputs.keys(), key=lambda name: (name != keys.REPORT, name))
    for name in stale:
        deps.store.delete(results.file_ref(folder, name))
    return {
        name: deps.store.put(results.file_ref(folder, name), made.data, made.content_type)
        for name, made in outputs.items()
    }
