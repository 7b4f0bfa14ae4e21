"""Process a job: bring the outputs of a key up to date with the image that has that key now.

Events come late, twice and in any order, and a worker may be killed at any moment. So an event is not an order to cut
one version of an image; it only says that something was created or deleted under the key:

1. Look at the source as it is now, and at what the output bucket has for it. If the report there has the mark of this
   source, options, edits, model and version of Hairline, and the files are those that it names, nothing is left to do.
2. Otherwise cut. Delete the old report first, then files that the new result does not have, write the files, and the
   new report last: whenever there is a report, the files that it names are there.
3. Look at the source and the edits again. If they changed meanwhile, or another worker wrote a report, start again, so
   that a slow worker with an old image never writes last.

A worker that dies on the way leaves its message to another, which finds that report and files disagree, and cuts again.
Two workers with the same image write the same bytes. If the image is gone, its outputs stay, or are deleted where the
deployment says so.
"""

import functools
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Protocol

from handler import dispositions, keys, notifications, observability
from handler.aws import edits, object_options
from handler.aws.bucket import ObjectHead, ObjectStore
from handler.aws.edits import StoredEdits
from handler.config import BucketConfig, CutoutConfig
from handler.cutouts import failures, removals, results, writing
from handler.cutouts.results import Found
from handler.dispositions import ALARM, RETRY
from handler.errors import BadEvent, SourceMissing, StoreUnavailable
from handler.jobs import CALLBACK, Job, ObjectRef, Outcome
from handler.observability import Door, Processed
from pipeline import describe
from pipeline.errors import HairlineError, ImageTooLarge, OutOfMemory, OutOfTime
from pipeline.models import ModelSpec
from pipeline.options import Options
from pipeline.report import CutReport, RejectedReport
from pipeline.run import cut_out
from pipeline.segment import Segmenter
from pipeline.types import Encoded, Result

MIN_SECONDS = 10.0
"""With fewer seconds left, no image is started."""
RESERVED_SECONDS = 5.0
"""Seconds to write the outputs and the reply."""

Clock = Callable[[], float]
"""Seconds left until the function is stopped."""


class Deps(Protocol):
    """What `process` depends on. version: of the function, for its metrics; None if its tries are not counted."""

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
    """What `process_message` depends on."""

    @property
    def config(self) -> CutoutConfig: ...


Made = tuple[dict[str, Encoded], CutReport]
"""The output files of an image by their names, and the report on them."""
Cut = Callable[[ObjectHead, Deps, Clock, results.Found], Made]
"""Makes the result of a source: `cut`, or in a backfill a function that may reuse the stored matte."""


def process_message(
    body: str,
    parse: Callable[[], list[Job]],
    deps: MessageDeps,
    seconds_left: Clock,
    *,
    first_try: bool = False,
    last_try: bool = False,
) -> list[Outcome]:
    """Process all jobs of one message.

    body: as it came, for the dead-letter queue. parse: returns its jobs, or raises BadEvent. first_try: see `process`.
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
    outcomes = [_notify(process(job, deps, seconds_left, first_try=first_try), deps) for job in jobs]
    failed = [(each.job, each.error) for each in outcomes if each.status in (RETRY, ALARM) and each.error is not None]
    if not last_try:
        for outcome in outcomes:
            if outcome.status == RETRY and outcome.error is not None:
                raise outcome.error
    if failed:
        failures.conclude(body, failed, deps)
    return outcomes


def _notify(outcome: Outcome, deps: MessageDeps) -> Outcome:
    """Publish the outcome. If that fails, the job is retried as a whole, and finds its report."""
    if not outcome.report:
        return outcome
    try:
        notification = notifications.from_report(outcome.report, deps.config.output_bucket, outcome.callback)
        deps.publisher.publish(notification, first=outcome.status != "repeated")
    except StoreUnavailable as error:
        observability.logger.warning("notification", extra={"key": outcome.job.source.key, "reason": str(error)})
        return _failure(outcome.job, error)
    return outcome


def cut(source: ObjectHead, deps: Deps, seconds_left: Clock, found: results.Found) -> Made:
    """Cut the source as its options and a person's edits say.

    Raises what `cut_out` does, SourceMissing, SourceChanged, StoreUnavailable.
    """
    options = options_of(source, found.edits, deps.config)
    if source.size > options.max_bytes:
        raise ImageTooLarge.of_file(source.size, options.max_bytes)
    with observability.span("download"):
        data = deps.store.get(source.ref, source.etag).data
    with observability.span("cut_out"):
        result = cut_out(data, deps.segmenter, options, deadline=seconds_left() - RESERVED_SECONDS)
    return named(result), result.report


def named(result: Result[Any]) -> dict[str, Encoded]:
    """The files of a result by their names in the output bucket."""
    files = {keys.CUTOUT: result.output, **result.stages, **result.listings}
    return {f"{name}.{made.extension}": made for name, made in files.items()}


def process(job: Job, deps: Deps, seconds_left: Clock, cut: Cut = cut, *, first_try: bool = False) -> Outcome:
    """Process one job and record its outcome. Raises nothing: the outcome and the log have the error.

    first_try: no try of the same message was killed before, so that without a report there are no files to look for.
    """
    begin = time.perf_counter()
    try:
        outcome = _process(job, deps, seconds_left, cut, first_try=first_try)
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


def _process(job: Job, deps: Deps, seconds_left: Clock, cut: Cut, *, first_try: bool) -> Outcome:
    results.check(job, deps.config)
    while True:
        if (left := seconds_left()) < MIN_SECONDS:
            raise OutOfTime(f"Only {left:.0f} s are left, too few to start {job.source}.")
        source = _head(job.source, deps)
        if source is not None:
            make = functools.partial(cut, source, deps, seconds_left)
            try:
                outcome = _bring_up_to_date(job, source, deps, make, first_try=first_try)
            except SourceMissing:
                continue  # it was deleted before it was read
            if outcome is None:
                first_try = False
                continue
        elif removals.is_due(job.source, deps.config):
            removals.remove(job.source, deps)
            outcome = Outcome(job, "removed")
        else:
            raise SourceMissing(f"{job.source} no longer exists.")
        if outcome.status == "repeated" or _unchanged(job.source, source, deps):
            return outcome


def _unchanged(ref: ObjectRef, before: ObjectHead | None, deps: Deps) -> bool:
    now = _head(ref, deps)
    # Where it was deleted after it was cut, its outputs stay unless they are to be deleted with it.
    return now == before or (now is None and not removals.is_due(ref, deps.config))


def _head(ref: ObjectRef, deps: Deps) -> ObjectHead | None:
    try:
        return deps.store.head(ref)
    except SourceMissing:
        return None


def _bring_up_to_date(
    job: Job, source: ObjectHead, deps: Deps, cut: Callable[[results.Found], Made], *, first_try: bool
) -> Outcome | None:
    """Returns None if another worker wrote a report meanwhile, or a person changed the edits: start again."""
    folder = ObjectRef(deps.config.output_bucket, source.ref.key)
    found = results.find(folder, deps.store, first_try=first_try)
    mark = results.mark(source, found.edits.digest(), deps.config, deps.model)
    if (current := results.current(found, folder, mark, deps.store)) is not None:
        return Outcome(job, "repeated", current, callback=source.metadata.get(CALLBACK))
    # A container that is killed writes nothing more, so this line must name the image before the work begins.
    observability.logger.info("begin", extra={"key": source.ref.key, "version": source.version, "bytes": source.size})
    error: HairlineError | None = None
    outputs: dict[str, Encoded]
    report: CutReport | RejectedReport
    try:
        outputs, report = cut(found)
    except HairlineError as rejected:
        if not dispositions.of(rejected).reported:
            raise
        error, outputs, report = rejected, {}, describe.rejected(rejected, deps.model, deps.config.options)
    with observability.span("write"):
        stored = writing.write(source, folder, found, mark, outputs, report, deps.store)
    if stored is None or _edited_meanwhile(found, deps):
        return None
    return Outcome(job, "done" if error is None else dispositions.REJECT, stored, error, source.metadata.get(CALLBACK))


def _edited_meanwhile(found: Found, deps: Deps) -> bool:
    """Where there was no report, there was nothing to edit."""
    place = found.edits.ref
    return found.report is not None and edits.stored(deps.store, place).etag != found.edits.etag


def options_of(source: ObjectHead, edited: StoredEdits, config: BucketConfig) -> Options:
    """The defaults, overridden by the object's own options, and these by a person's. The matte is one of the stages."""
    return results.with_matte(edited.edits().applied(object_options.own(source, config.options)))
