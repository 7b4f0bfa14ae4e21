"""What the output bucket has for a source: its report, the files beside it, and whether they are still valid."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple
from urllib.parse import unquote

import pipeline
from handler import keys
from handler.aws import edits
from handler.aws.bucket import Content, ObjectHead, ObjectStore
from handler.aws.edits import StoredEdits
from handler.config import BucketConfig
from handler.errors import BadEvent, SourceMissing
from handler.jobs import METADATA, NAME, Job, ObjectRef, parse_stored
from pipeline.models import ModelSpec
from pipeline.options import STAGES, Options
from pipeline.report import ObjectFacts, StoredReport


def check(job: Job, config: BucketConfig) -> None:
    """Raises BadEvent if the deployment must not touch the job's object."""
    if job.source.bucket != config.input_bucket:
        raise BadEvent(f"{job.source} is not in the input bucket {config.input_bucket}.")
    if len(job.source.key.encode()) > keys.MAX_SOURCE_KEY_BYTES:
        raise BadEvent(
            f"The key {job.source.key} is too long, since its outputs' keys are longer. Use a key of at most "
            f"{keys.MAX_SOURCE_KEY_BYTES} bytes."
        )


def file_ref(folder: ObjectRef, name: str) -> ObjectRef:
    """An output file of a source. folder: in the output bucket, with the source's key."""
    return ObjectRef(folder.bucket, keys.output(folder.key, name))


class Found(NamedTuple):
    """What the output bucket has for a source.

    report: the file, None if there is none. files: names of all output files, the report among them, to their ETags.
    edits: a person's.
    """

    report: Content | None
    files: Mapping[str, str]
    edits: StoredEdits


def find(folder: ObjectRef, store: ObjectStore, *, first_try: bool) -> Found:
    """Look for a report and the files beside it. first_try: see `handler.cutouts.work.process`.

    A try that was killed leaves files without a report, but its message comes again, and not as a first try. So most
    images need no LIST, which costs as much as a PUT. They have no edits either, because only an image that has a
    report can be edited.
    """
    place = edits.ref(folder.bucket, folder.key)
    try:
        report = store.get(file_ref(folder, keys.REPORT))
    except SourceMissing:
        if first_try:
            return Found(None, {}, StoredEdits(place))
        report = None
    beside = store.children(folder)
    edited = edits.stored(store, place) if keys.EDITS in beside else StoredEdits(place)
    return Found(report, {name: etag for name, etag in beside.items() if keys.is_output(name)}, edited)


def current(found: Found, folder: ObjectRef, mark: str, store: ObjectStore) -> StoredReport | None:
    """The report that was found, if it has this mark and names exactly the files beside it."""
    if found.report is None or found.files.get(keys.REPORT) != found.report.etag:
        return None  # there is none, or another worker is writing it
    try:
        report = parse_stored(found.report.data)
    except ValueError:
        return None  # it is not Hairline's
    files = {name: etag for name, etag in found.files.items() if name != keys.REPORT}
    is_current = (
        isinstance(report, dict)
        and report.get("mark") == mark
        # After a failure, a redrive cuts the image again.
        and report.get("status") != "failed"
        and _names_exactly(report, files, folder, store)
    )
    return report if is_current else None


def _names_exactly(report: StoredReport, files: Mapping[str, str], folder: ObjectRef, store: ObjectStore) -> bool:
    """Whether these files are those of the report: by ETag, or by sha256 where that differs.

    Under a KMS key each write has an ETag of its own, so two workers that write the same bytes leave some that the
    report does not have.
    """
    named, sums = report.get("files"), report.get("sha256")
    if not isinstance(named, dict) or not isinstance(sums, dict) or not named.keys() == sums.keys() == files.keys():
        return False
    differing = [name for name, etag in files.items() if named[name] != etag]
    try:
        return all(store.sha256(file_ref(folder, name)) == sums[name] for name in differing)
    except SourceMissing:
        return False


def encoded(report: StoredReport) -> bytes:
    """The bytes of `report.json`."""
    return (json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def with_matte(options: Options) -> Options:
    """The options with the matte among the stages, unless the option `matte` is off."""
    matte = {"alpha"} if options.matte else set()
    return replace(options, stages=tuple(stage for stage in STAGES if stage in matte.union(options.stages)))


def described(source: ObjectHead) -> ObjectFacts:
    """The source in the report."""
    facts: ObjectFacts = {
        "bucket": source.ref.bucket,
        "key": source.ref.key,
        "version": source.version,
        "etag": source.etag,
    }
    if NAME in source.metadata:
        facts["name"] = unquote(source.metadata[NAME])
    return facts


def mark(source: ObjectHead, edits: str | None, config: BucketConfig, model: ModelSpec | None) -> str:
    """sha256 hex of all that a result depends on; the limits too, since they may reject an image.

    edits: the digest of a person's. model: None if there is no result, since the image could not be processed.
    """
    facts = {
        "object": described(source),
        "metadata": source.metadata.get(METADATA),
        "edits": edits,
        "options": config.options.described(),
        "limits": config.options.limits(),
        "model": "+".join(network.sha256 for network in model.parts) if model else None,
        "hairline": pipeline.__version__,
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
