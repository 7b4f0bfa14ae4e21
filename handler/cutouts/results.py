"""What the output bucket holds of a source: where its report is, and the mark that tells what the report is of."""

import hashlib
import json
from dataclasses import replace

import pipeline
from handler import keys
from handler.aws.bucket import ObjectHead
from handler.config import BucketConfig
from handler.errors import BadEvent
from handler.jobs import METADATA, Job, ObjectRef
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
    """One of the files of a source, whose folder in the output bucket has the source's key."""
    return ObjectRef(folder.bucket, keys.output(folder.key, name))


def report_ref(source: ObjectHead, config: BucketConfig) -> ObjectRef:
    """The report of a source."""
    return file_ref(ObjectRef(config.output_bucket, source.ref.key), keys.REPORT)


def encoded(report: StoredReport) -> bytes:
    """The bytes of `report.json`."""
    return (json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def with_matte(options: Options) -> Options:
    """The options with the matte among the stages, as every image in the buckets is cut."""
    return replace(options, stages=tuple(stage for stage in STAGES if stage in {*options.stages, "alpha"}))


def described(source: ObjectHead) -> ObjectFacts:
    """The source in the report."""
    return {"bucket": source.ref.bucket, "key": source.ref.key, "version": source.version, "etag": source.etag}


def mark(source: ObjectHead, config: BucketConfig, model: ModelSpec | None) -> str:
    """sha256 hex of all that a result depends on; the limits too, since they may reject an image.

    model: None if there is no result, since the image could not be processed.
    """
    facts = {
        "object": described(source),
        "metadata": source.metadata.get(METADATA),
        "options": config.options.described(),
        "limits": config.options.limits(),
        "model": "+".join(network.sha256 for network in model.parts) if model else None,
        "hairline": pipeline.__version__,
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
