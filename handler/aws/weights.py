"""Downloads weights that do not fit into the layer from a bucket to the temporary folder, once for each container.

A file appears under its name only when it is complete and has the SHA-256 in `pipeline.models`. A container that Lambda
stops at the timeout keeps its temporary folder, so the next download first deletes what the last one left unfinished.
A second process waits for the first.
"""

import hashlib
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from aws_lambda_powertools import Logger
from boto3.s3.transfer import TransferConfig

from handler.aws.faults import meaning, translated
from handler.config import ModelConfig
from handler.errors import SourceMissing
from pipeline.disk import locked
from pipeline.errors import BadOptions, HairlineError, ModelUnavailable
from pipeline.models import MODELS, ModelSpec
from pipeline.models.choice import Folder, chosen

# A child of the logger in handler.observability, which cannot be imported here: it makes a tracer, and
# `handler.local` must not.
logger = Logger(child=True)

_Found = TypeVar("_Found")
_MAX_ROW_BYTES = 100_000
"""A longer row is cut off, and is then not valid JSON."""
_ABSENT = ("404", "403", "NoSuchKey", "NoSuchBucket", "AccessDenied")
_TRANSFER = TransferConfig(max_concurrency=4)
"""boto3 downloads in parts of 8 MB, and retries a part whose connection breaks."""


def ensure_weights(config: ModelConfig, s3: Any) -> tuple[ModelSpec, Path]:
    """The model, and the folder that contains all its weights: the layer's, or one in the temporary folder.

    Raises ModelUnavailable if the deployment must be fixed: no bucket, or the weights are missing, unreadable, wrong or
    too large for the temporary folder. Raises StoreUnavailable if S3 fails for the moment.
    """
    try:
        model = chosen(config.name, _LayerThenBucket(config, s3))
    except BadOptions as error:  # the deployment's fault, not an image's
        raise ModelUnavailable(f"HAIRLINE_MODEL: {error}") from error
    missing = [spec for spec in model.parts if not (config.folder / spec.file).exists()]
    if not missing:
        return model, config.folder
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
            for spec in model.parts:
                path = folder / spec.file
                if spec not in missing:
                    path.unlink(missing_ok=True)
                    path.symlink_to(config.folder / spec.file)
                elif not _is_complete(path, spec):
                    _download(spec, path, config.bucket, s3)
    except OSError as error:
        raise ModelUnavailable(f"The weights cannot be stored in {folder}: {error}. {_MORE_ROOM}") from error
    return model, folder


class _LayerThenBucket:
    """A Shelf of the layer's folder, and after it the bucket."""

    def __init__(self, config: ModelConfig, s3: Any) -> None:
        self._folder, self._bucket, self._s3 = Folder(config.folder), config.bucket, s3

    def has(self, file: str) -> bool:
        return self._folder.has(file) or self._found(file, self._size) is not None

    def row(self, file: str) -> bytes | None:
        return self._folder.row(file) or self._found(file, self._read)

    def _size(self, file: str) -> int:
        size: int = self._s3.head_object(Bucket=self._bucket, Key=file)["ContentLength"]
        return size

    def _read(self, file: str) -> bytes:
        data: bytes = self._s3.get_object(Bucket=self._bucket, Key=file)["Body"].read(_MAX_ROW_BYTES)
        return data

    def _found(self, file: str, get: Callable[[str], _Found]) -> _Found | None:
        if self._bucket is None:
            return None
        where = f"s3://{self._bucket}/{file}"
        try:
            with translated(f"read {where}", meaning(_ABSENT, SourceMissing(where))):
                return get(file)
        except SourceMissing:
            return None


_MORE_ROOM = "Raise the function's EphemeralStorage in the template."


def _download(spec: ModelSpec, path: Path, bucket: str, s3: Any) -> None:
    """Download the weights to `path`. Raises ModelUnavailable, StoreUnavailable, OSError."""
    where, begin = f"s3://{bucket}/{spec.file}", time.perf_counter()
    part = path.with_name(f"{spec.file}.part")
    for old in (part, path):
        old.unlink(missing_ok=True)
    _check_room(spec, spec.size, path.parent)
    try:
        with translated(f"read {where}", _no_weights(where)):
            size = s3.head_object(Bucket=bucket, Key=spec.file)["ContentLength"]
            _check_room(spec, spec.size or size, path.parent)
            if spec.size in (size, 0):  # a larger file might not fit
                with part.open("wb") as file:
                    s3.download_fileobj(bucket, spec.file, file, Config=_TRANSFER)
        if not _is_complete(part, spec):
            remedy = f"Download that with `python -m weights {spec.name}`" if spec.name in MODELS else "Correct the row"
            raise ModelUnavailable(
                f"{where} has {size:,} bytes and is not the file that {spec.name} needs, with sha256 {spec.sha256}"
                f"{f' and {spec.size:,} bytes' if spec.size else ''}. {remedy}, and upload it again."
            )
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    logger.info("weights", extra={"from": where, "bytes": size, "ms": round(1000 * (time.perf_counter() - begin))})


def _check_room(spec: ModelSpec, size: int, folder: Path) -> None:
    if (free := shutil.disk_usage(folder).free) < size:
        raise ModelUnavailable(
            f"{spec.file} has {size:,} bytes, but {folder} has only {free:,} bytes free. {_MORE_ROOM}"
        )


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
        for code in _ABSENT
    }
