"""Downloads weights that do not fit into the layer from a bucket to the temporary folder, once for each container.

A file appears under its name only when it is complete and has the SHA-256 in `pipeline.models`. A container that Lambda
stops at the timeout keeps its temporary folder, so the next download first deletes what the last one left unfinished.
A second process waits for the first.
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

# A child of the logger in handler.observability, which cannot be imported here: it makes a tracer, and
# `handler.local` must not.
logger = Logger(child=True)

_TRANSFER = TransferConfig(max_concurrency=4)
"""boto3 downloads in parts of 8 MB, and retries a part whose connection breaks."""


def ensure_weights(config: ModelConfig, s3: Any) -> Path:
    """The folder that contains all weights of the model: the layer's, or one in the temporary folder.

    Raises ModelUnavailable if the deployment must be fixed: no bucket, or the weights are missing, unreadable, wrong or
    too large for the temporary folder. Raises StoreUnavailable if S3 fails for the moment.
    """
    missing = [spec for spec in config.model.parts if not (config.folder / spec.file).exists()]
    if not missing:
        return config.folder
    if config.bucket is None:
        names = " and ".join(spec.file for spec in missing)
        raise ModelUnavailable(
            f"{names}: not in {config.folder}. Upload the weights to a bucket and set the template's parameter "
            "ModelBucket to its name, as docs/deploy.md shows; it sets HAIRLINE_MODEL_BUCKET. On your own machine, run "
            f"`python -m weights {missing[0].name}`."
        )
    folder = Path(tempfile.gettempdir(), "hairline-models")
    try:
        with locked(folder):
            for spec in config.model.parts:
                path = folder / spec.file
                if spec not in missing:
                    path.unlink(missing_ok=True)
                    path.symlink_to(config.folder / spec.file)
                elif not _is_complete(path, spec):
                    _download(spec, path, config.bucket, s3)
    except OSError as error:
        raise ModelUnavailable(f"The weights cannot be stored in {folder}: {error}. {_MORE_ROOM}") from error
    return folder


_MORE_ROOM = "Raise the function's EphemeralStorage in the template."


def _download(spec: ModelSpec, path: Path, bucket: str, s3: Any) -> None:
    """Download the weights to `path`. Raises ModelUnavailable, StoreUnavailable, OSError."""
    where, begin = f"s3://{bucket}/{spec.file}", time.perf_counter()
    part = path.with_name(f"{spec.file}.part")
    for old in (part, path):
        old.unlink(missing_ok=True)
    if (free := shutil.disk_usage(path.parent).free) < spec.size:
        raise ModelUnavailable(
            f"{spec.file} has {spec.size:,} bytes, but {path.parent} has only {free:,} bytes free. {_MORE_ROOM}"
        )
    try:
        with translated(f"read {where}", _no_weights(where)):
            size = s3.head_object(Bucket=bucket, Key=spec.file)["ContentLength"]
            if size == spec.size:  # a larger file might not fit
                with part.open("wb") as file:
                    s3.download_fileobj(bucket, spec.file, file, Config=_TRANSFER)
        if not _is_complete(part, spec):
            raise ModelUnavailable(
                f"{where} has {size:,} bytes and is not the file that {spec.name} needs, of {spec.size:,} bytes with "
                f"sha256 {spec.sha256}. Download that with `python -m weights {spec.name}`, and upload it again."
            )
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    logger.info("weights", extra={"from": where, "bytes": size, "ms": round(1000 * (time.perf_counter() - begin))})


def _is_complete(path: Path, spec: ModelSpec) -> bool:
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
