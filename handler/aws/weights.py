"""Weights that the layer has no room for: from a bucket into the temporary folder, once for each container.

A file appears under its name only when it is whole and has the sha256 that `pipeline.models` publishes. A container
that was stopped in the middle, as Lambda does at the timeout, keeps its temporary folder: what lies there half-written
is removed before the next try, so that it never fills up. Two processes in one folder wait for one another.
"""

import hashlib
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from aws_lambda_powertools import Logger
from boto3.s3.transfer import TransferConfig

from handler.aws.faults import translated
from handler.config import ModelConfig
from pipeline.disk import locked
from pipeline.errors import HairlineError, ModelUnavailable
from pipeline.models import ModelSpec

# Speaks through that of handler.observability, which makes a tracer as well and is nothing for `handler.local`.
logger = Logger(child=True)

_TRANSFER = TransferConfig(max_concurrency=4)
"""In parts of 8 MB, each of which is tried again where its connection breaks."""


def ensure_weights(config: ModelConfig, s3: Any) -> Path:
    """The folder where all weights of the choice lie: the layer's, or one below the temporary folder.

    Raises ModelUnavailable where the deployment has to be mended: no bucket, not there, not readable, other bytes, no
    room. Raises StoreUnavailable where S3 does not do what is asked this time.
    """
    lacking = [spec for spec in config.model.parts if not (config.folder / spec.file).exists()]
    if not lacking:
        return config.folder
    if config.bucket is None:
        names = " and ".join(spec.file for spec in lacking)
        raise ModelUnavailable(
            f"{names} is not in {config.folder}. Put it into a bucket and name that one: the template's parameter "
            "ModelBucket, which sets HAIRLINE_MODEL_BUCKET; docs/deploy.md shows how. On your own machine: "
            f"`python -m weights {lacking[0].name}`."
        )
    folder = Path(tempfile.gettempdir(), "hairline-models")
    try:
        with locked(folder):
            for spec in config.model.parts:
                path = folder / spec.file
                if spec not in lacking:
                    path.unlink(missing_ok=True)
                    path.symlink_to(config.folder / spec.file)
                elif not _right(path, spec):
                    _download(spec, path, config.bucket, s3)
    except OSError as error:
        raise ModelUnavailable(f"The weights cannot be kept in {folder}: {error}. {_ROOM}") from error
    return folder


_ROOM = "Give the function more of it: its EphemeralStorage in the template."


def _download(spec: ModelSpec, path: Path, bucket: str, s3: Any) -> None:
    """Bring the weights to `path`. Raises ModelUnavailable, StoreUnavailable, OSError."""
    where, begin = f"s3://{bucket}/{spec.file}", time.perf_counter()
    part = path.with_name(f"{spec.file}.part")
    for old in (part, path):
        old.unlink(missing_ok=True)
    if (free := shutil.disk_usage(path.parent).free) < spec.size:
        raise ModelUnavailable(
            f"{spec.file} has {spec.size:,} bytes, but {path.parent} has room for {free:,} alone. {_ROOM}"
        )
    try:
        with translated(f"read {where}", _no_weights(where)):
            size = s3.head_object(Bucket=bucket, Key=spec.file)["ContentLength"]
            if size == spec.size:  # what is longer could have no room
                with part.open("wb") as file:
                    s3.download_fileobj(bucket, spec.file, file, Config=_TRANSFER)
        if not _right(part, spec):
            raise ModelUnavailable(
                f"{where} has {size:,} bytes and is not the {spec.name} that we know, of {spec.size:,} bytes with "
                f"sha256 {spec.sha256}. `python -m weights {spec.name}` brings that one; upload it again."
            )
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    logger.info("weights", extra={"from": where, "bytes": size, "ms": round(1000 * (time.perf_counter() - begin))})


def _right(path: Path, spec: ModelSpec) -> bool:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == spec.sha256
    except FileNotFoundError:
        return False


def _no_weights(where: str) -> dict[str, HairlineError]:
    """S3 also answers 403 for an object that does not exist, if the role may not list the bucket."""
    return {
        code: ModelUnavailable(
            f"{where} does not exist, or this function may not read it ({code}). Upload it as docs/deploy.md shows, "
            "and check that the bucket's policy and KMS key let the function's role read it."
        )
        for code in ("404", "403", "NoSuchKey", "NoSuchBucket", "AccessDenied")
    }
