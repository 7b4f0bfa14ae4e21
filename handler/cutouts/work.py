"""A job done: the outputs of a key brought in line with the picture that lies under that key now.

Events come late, twice and in any order, and a worker may be killed at any moment. So an event is not taken for an
order to cut one version of a picture, but for notification that the key changed:

1. Look at the source as it is now, and at what the output bucket holds for it. If the report there bears this mark
   (of the source, options, model and Hairline), and the files are those that it names, nothing is left to do.
2. Otherwise cut. Remove the old report first, then files that the new result lacks, write the files, and the new
   report last: whoever finds a report finds the files that it names.
3. Look at the source again. If it changed meanwhile, begin anew, so that a slow worker with an old picture never has
   the last word.

A worker that dies on the way leaves its message to another, who finds that report and files disagree, and cuts again.
Two workers with the same picture write the same bytes.
"""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pipeline
from handler import dispositions, keys, notifications, observability
from handler.aws.bucket import ObjectHead
from handler.config import CutoutConfig, parse_options
from handler.cutouts.wiring import Deps
from handler.dispositions import ALARM, RETRY
from handler.errors import BadEvent, SourceChanged, SourceMissing, StoreUnavailable
from handler.jobs import CALLBACK, METADATA, Job, ObjectRef, Outcome
from pipeline.errors import HairlineError, ImageTooLarge, OutOfMemory, OutOfTime
from pipeline.options import STAGES, Options
from pipeline.report import rejection
from pipeline.run import cut_out
from pipeline.types import Encoded

LEAST = 10.0
"""Seconds left below which no picture is begun."""
RESERVE = 5.0
"""Seconds kept back from a picture's time for writing the outputs and for the reply."""

Clock = Callable[[], float]
"""Seconds left until the function is stopped."""


def deliver(body: str, parse: Callable[[], list[Job]], deps: Deps, seconds_left: Clock) -> list[Outcome]:
    """Do all jobs of one message.

    body: as it came, for the dead-letter queue. parse: gives its jobs, or raises BadEvent.
    Raises the first error that asks for another try, after every job had its turn; those that are done stay done.
    What can never be done goes to the dead-letter queue with the reason, and counts as delivered.
    """
    try:
        jobs = parse()
    except BadEvent as error:
        observability.logger.exception("event", extra={"code": error.code, "reason": str(error)})
        deps.dead_letters.send(body, [error])
        return []
    outcomes = [_told(process(job, deps, seconds_left), deps) for job in jobs]
    for outcome in outcomes:
        if outcome.status == RETRY and outcome.error is not None:
            raise outcome.error
    if dead := [o.error for o in outcomes if o.status == ALARM and isinstance(o.error, HairlineError)]:
        deps.dead_letters.send(body, dead)
    return outcomes


def _told(outcome: Outcome, deps: Deps) -> Outcome:
    """Pass on how it ended; where that cannot be done now, the whole is to be tried again, and finds its report."""
    if not outcome.report:
        return outcome
    try:
        told = notifications.from_report(outcome.report, deps.config.output_bucket, outcome.callback)
        deps.publisher.publish(told, first=outcome.status != "repeated")
    except StoreUnavailable as error:
        observability.logger.warning("notification", extra={"key": outcome.job.source.key, "reason": str(error)})
        return _failed(outcome.job, error)
    return outcome


def process(job: Job, deps: Deps, seconds_left: Clock) -> Outcome:
    """Do one job and tell how it ended. Raises nothing: whatever went wrong is in the outcome, and in the log."""
    begin = time.perf_counter()
    try:
        outcome = _done(job, deps, seconds_left)
    except MemoryError as error:
        refused = OutOfMemory("The picture does not fit into the function's memory: give the function more of it.")
        refused.__cause__ = error
        outcome = _failed(job, refused)
    except Exception as error:  # noqa: BLE001  the boundary: logged with its traceback, then tried again
        outcome = _failed(job, error)
    observability.record(outcome, 1000 * (time.perf_counter() - begin), deps.version)
    return outcome


def _failed(job: Job, error: Exception) -> Outcome:
    return Outcome(job, dispositions.of(error).disposition, error=error)


def _done(job: Job, deps: Deps, seconds_left: Clock) -> Outcome:
    if job.source.bucket != deps.config.input_bucket:
        raise BadEvent(f"{job.source} is not in the input bucket {deps.config.input_bucket}.")
    if len(job.source.key.encode()) > keys.MAX_SOURCE_KEY_BYTES:
        raise BadEvent(
            f"The key {job.source.key} is too long, since its outputs' keys are longer. Use a key of at most "
            f"{keys.MAX_SOURCE_KEY_BYTES} bytes."
        )
    while True:
        if (left := seconds_left()) < LEAST:
            raise OutOfTime(f"{left:.0f} s are left, too little to begin {job.source}.")
        source = deps.store.head(job.source)
        outcome = _up_to_date(job, source, deps, seconds_left)
        if outcome.status == "repeated" or _unchanged(source, deps):
            return outcome


def _unchanged(source: ObjectHead, deps: Deps) -> bool:
    try:
        return deps.store.head(source.ref) == source
    except SourceMissing:
        return True  # what was removed after it was cut is cut all the same


def _up_to_date(job: Job, source: ObjectHead, deps: Deps, seconds_left: Clock) -> Outcome:
    folder = ObjectRef(deps.config.output_bucket, source.ref.key)
    held = {name: etag for name, etag in deps.store.children(folder).items() if keys.is_output(name)}
    mark = _mark(source, deps.config)
    if (standing := _standing(folder, held, mark, deps)) is not None:
        return Outcome(job, "repeated", standing, callback=source.metadata.get(CALLBACK))
    error: HairlineError | None = None
    try:
        outputs, report = _cut(source, deps, seconds_left)
    except HairlineError as refused:
        rule = dispositions.of(refused)
        if not rule.reported:
            raise
        error, outputs, report = refused, {}, rejection(refused, deps.config.model.model, deps.config.options)
    told = {**report, "object": _described(source), "mark": mark}
    with observability.span("put"):
        told = _publish(folder, held, outputs, told, deps)
    status = "done" if error is None else dispositions.REJECT
    return Outcome(job, status, told, error, source.metadata.get(CALLBACK))


def _standing(folder: ObjectRef, held: Mapping[str, str], mark: str, deps: Deps) -> dict[str, Any] | None:
    """The report in the output bucket, if it is of this very result and the files beside it are the ones it names."""
    if keys.REPORT not in held:
        return None
    try:
        report = json.loads(deps.store.get(_file(folder, keys.REPORT), held[keys.REPORT]).data)
    except (SourceMissing, SourceChanged, ValueError):
        return None  # another worker is at it, or it is none of ours: in both cases ours is to be written
    files = {name: etag for name, etag in held.items() if name != keys.REPORT}
    whole = isinstance(report, dict) and report.get("mark") == mark and report.get("files") == files
    return report if whole else None


def _cut(source: ObjectHead, deps: Deps, seconds_left: Clock) -> tuple[dict[str, Encoded], Mapping[str, Any]]:
    options = _options(source, deps.config)
    if source.size > options.max_bytes:
        raise ImageTooLarge(f"The file has {source.size:,} bytes; at most {options.max_bytes:,} are taken.")
    with observability.span("fetch"):
        data = deps.store.get(source.ref, source.etag).data
    with observability.span("cut_out"):
        result = cut_out(data, deps.segmenter, options, deadline=seconds_left() - RESERVE)
    outputs = {f"{keys.CUTOUT}.{result.output.extension}": result.output}
    outputs |= {f"{name}.{made.extension}": made for name, made in {**result.stages, **result.listings}.items()}
    return outputs, result.report


def _options(source: ObjectHead, config: CutoutConfig) -> Options:
    """The defaults, the object's own laid over them, and always the matte."""
    options = config.options
    if text := source.metadata.get(METADATA):
        options = options.overridden_by(parse_options(text, f"The object's metadata x-amz-meta-{METADATA}"))
    return replace(options, stages=tuple(stage for stage in STAGES if stage in {*options.stages, "alpha"}))


def _publish(
    folder: ObjectRef, held: Mapping[str, str], outputs: Mapping[str, Encoded], report: Mapping[str, Any], deps: Deps
) -> dict[str, Any]:
    """Write outputs and report in the order that no reader can be misled by. Returns the report as stored."""
    stale = sorted(held.keys() - outputs.keys(), key=lambda name: (name != keys.REPORT, name))
    for name in stale:
        deps.store.delete(_file(folder, name))
    files = {name: deps.store.put(_file(folder, name), made.data, made.content_type) for name, made in outputs.items()}
    stored = {**report, "files": files}
    text = json.dumps(stored, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    deps.store.put(_file(folder, keys.REPORT), text.encode(), "application/json")
    return stored


def _file(folder: ObjectRef, name: str) -> ObjectRef:
    return ObjectRef(folder.bucket, keys.output(folder.key, name))


def _described(source: ObjectHead) -> dict[str, Any]:
    return {"bucket": source.ref.bucket, "key": source.ref.key, "version": source.version, "etag": source.etag}


def _mark(source: ObjectHead, config: CutoutConfig) -> str:
    """sha256 hex of all that a result depends on; the limits too, since a picture may be refused by them."""
    facts = {
        "object": _described(source),
        "metadata": source.metadata.get(METADATA),
        "options": config.options.described(),
        "limits": config.options.limits(),
        "model": "+".join(network.sha256 for network in config.model.model.networks),
        "hairline": pipeline.__version__,
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
