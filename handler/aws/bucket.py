"""Objects in S3 as the pipeline's inputs and outputs."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from handler.errors import SourceChanged, SourceMissing, StoreUnavailable
from handler.jobs import ObjectRef


@dataclass(frozen=True, slots=True)
class ObjectHead:
    """What a store knows of an object without its bytes.

    version: None in a bucket without versions. etag: an opaque word that changes whenever the bytes do.
    metadata: the user's own, names in lower case.
    """

    ref: ObjectRef
    version: str | None
    etag: str
    size: int
    metadata: Mapping[str, str] = field(default_factory=dict)


class ObjectStore(Protocol):
    """Strongly consistent, as S3 is. Each method raises StoreUnavailable where the store does not do what is asked."""

    def head(self, ref: ObjectRef) -> ObjectHead:
        """The object as it is now. Raises SourceMissing."""
        ...

    def fetch(self, ref: ObjectRef, etag: str) -> bytes:
        """The object's bytes, if it still is the one with that etag. Raises SourceMissing, SourceChanged."""
        ...

    def children(self, folder: ObjectRef) -> dict[str, str]:
        """Name to etag of the objects whose keys are `folder.key`, a slash, and a name without one."""
        ...

    def put(self, ref: ObjectRef, data: bytes, content_type: str) -> str:
        """Write the object as a whole or not at all. Returns its etag."""
        ...

    def delete(self, ref: ObjectRef) -> None:
        """Remove the object; nothing happens where there is none."""
        ...


class S3Store:
    """client: boto3's for S3."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def head(self, ref: ObjectRef) -> ObjectHead:
        with _faults_of_reading(ref):
            found = self._client.head_object(Bucket=ref.bucket, Key=ref.key)
        return ObjectHead(ref, found.get("VersionId"), found["ETag"], found["ContentLength"], found["Metadata"])

    def fetch(self, ref: ObjectRef, etag: str) -> bytes:
        with _faults_of_reading(ref):
            data: bytes = self._client.get_object(Bucket=ref.bucket, Key=ref.key, IfMatch=etag)["Body"].read()
        return data

    def children(self, folder: ObjectRef) -> dict[str, str]:
        prefix = folder.key + "/"
        with _faults(f"list {folder}/"):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=folder.bucket, Prefix=prefix, Delimiter="/"
            )
            found = [item for page in pages for item in page.get("Contents", [])]
        return {item["Key"].removeprefix(prefix): item["ETag"] for item in found}

    def put(self, ref: ObjectRef, data: bytes, content_type: str) -> str:
        with _faults(f"write {ref}"):
            etag: str = self._client.put_object(Bucket=ref.bucket, Key=ref.key, Body=data, ContentType=content_type)[
                "ETag"
            ]
        return etag

    def delete(self, ref: ObjectRef) -> None:
        with _faults(f"delete {ref}"):
            self._client.delete_object(Bucket=ref.bucket, Key=ref.key)


@contextmanager
def _faults(task: str) -> Iterator[None]:
    """The one seam at which botocore's errors become ours; a missing permission or bucket is one that may be mended."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise StoreUnavailable(f"Could not {task}: {error}") from error


@contextmanager
def _faults_of_reading(ref: ObjectRef) -> Iterator[None]:
    with _faults(f"read {ref}"):
        try:
            yield
        except ClientError as error:
            # A HEAD has no body, so its code is the bare status. NoSuchBucket is a 404 too, but no missing picture.
            code = error.response.get("Error", {}).get("Code")
            if code in ("404", "NoSuchKey"):
                raise SourceMissing(f"{ref} is no longer there.") from error
            if code in ("412", "PreconditionFailed"):
                raise SourceChanged(f"{ref} was replaced while it was being read.") from error
            raise
