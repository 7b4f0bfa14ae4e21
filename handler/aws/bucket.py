"""Objects in S3."""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Any, NamedTuple, Protocol

from handler.aws.faults import CONFLICT, MISSING, meaning, translated, was_repeated
from handler.errors import SourceChanged, SourceMissing
from handler.jobs import ObjectRef


@dataclass(frozen=True, slots=True)
class ObjectHead:
    """An object's properties, without its bytes.

    version: None in a bucket without versions. etag: opaque; it changes whenever the bytes do, and under a KMS key also
    when the same bytes are written again. metadata: the user's own, names in lower case.
    """

    ref: ObjectRef
    version: str | None
    etag: str
    size: int
    metadata: Mapping[str, str] = field(default_factory=dict)


class Content(NamedTuple):
    """An object's bytes, and their etag."""

    data: bytes
    etag: str


class ObjectStore(Protocol):
    """Strongly consistent, as S3 is. Every method raises StoreUnavailable if the store fails."""

    def head(self, ref: ObjectRef) -> ObjectHead:
        """The object as it is now. Raises SourceMissing."""
        ...

    def get(self, ref: ObjectRef, if_match: str | None = None) -> Content:
        """The object. if_match: the etag that it must have. Raises SourceMissing, SourceChanged."""
        ...

    def children(self, folder: ObjectRef) -> dict[str, str]:
        """Name to etag of the objects whose keys are `folder.key`, a slash, and a name without one."""
        ...

    def sha256(self, ref: ObjectRef) -> str | None:
        """The checksum of an object, in hex; None if `put` did not write it. Raises SourceMissing."""
        ...

    def put(
        self,
        ref: ObjectRef,
        data: bytes,
        content_type: str,
        *,
        if_match: str | None = None,
        if_none_match: str | None = None,
    ) -> str:
        """Write the whole object, or nothing. Returns its etag.

        if_match: the etag of the object that this one replaces. if_none_match: "*" if there must be no object yet.
        Raises SourceChanged if that condition does not hold.
        """
        ...

    def delete(self, ref: ObjectRef) -> None:
        """Delete the object; nothing happens if there is none."""
        ...

    def erase(self, ref: ObjectRef) -> None:
        """Delete an object and those below it, in every version, oldest first; nothing happens if there are none."""
        ...


class S3Store:
    """client: boto3's for S3."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def head(self, ref: ObjectRef) -> ObjectHead:
        """See ObjectStore."""
        with translated(f"read {ref}", _reading(ref)):
            found = self._client.head_object(Bucket=ref.bucket, Key=ref.key)
        return ObjectHead(ref, found.get("VersionId"), found["ETag"], found["ContentLength"], found["Metadata"])

    def get(self, ref: ObjectRef, if_match: str | None = None) -> Content:
        """See ObjectStore."""
        condition = {} if if_match is None else {"IfMatch": if_match}
        with translated(f"read {ref}", _reading(ref)):
            found = self._client.get_object(Bucket=ref.bucket, Key=ref.key, **condition)
            return Content(found["Body"].read(), found["ETag"])

    @contextmanager
    def reading(self, ref: ObjectRef) -> Iterator[IO[bytes]]:
        """The object as a file, for one that is too large for memory. Raises SourceMissing, StoreUnavailable."""
        with translated(f"read {ref}", _reading(ref)):
            yield self._client.get_object(Bucket=ref.bucket, Key=ref.key)["Body"]

    def children(self, folder: ObjectRef) -> dict[str, str]:
        """See ObjectStore."""
        prefix = folder.key + "/"
        with translated(f"list {folder}/"):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=folder.bucket, Prefix=prefix, Delimiter="/"
            )
            found = [item for page in pages for item in page.get("Contents", [])]
        return {item["Key"].removeprefix(prefix): item["ETag"] for item in found}

    def sha256(self, ref: ObjectRef) -> str | None:
        """See ObjectStore."""
        with translated(f"read {ref}", _reading(ref)):
            found = self._client.head_object(Bucket=ref.bucket, Key=ref.key, ChecksumMode="ENABLED")
        # The checksum of an object that was written in parts may be one of its parts' checksums.
        whole = found.get("ChecksumType", "FULL_OBJECT") == "FULL_OBJECT" and found.get("ChecksumSHA256")
        return base64.b64decode(whole).hex() if whole else None

    def put(
        self,
        ref: ObjectRef,
        data: bytes,
        content_type: str,
        *,
        metadata: Mapping[str, str] | None = None,
        if_match: str | None = None,
        if_none_match: str | None = None,
    ) -> str:
        """See ObjectStore. metadata: the user's own.

        Where S3 wrote the object but its answer was lost, boto3 repeats the request, and the condition no longer holds.
        """
        conditions = {"IfMatch": if_match, "IfNoneMatch": if_none_match}
        changed = SourceChanged(f"{ref} was changed by another writer.")
        # If-Match on an object that is gone is a 404.
        expected = meaning((*CONFLICT, *(MISSING if if_match else ())), changed) if any(conditions.values()) else None
        try:
            with translated(f"write {ref}", expected):
                etag: str = self._client.put_object(
                    Bucket=ref.bucket,
                    Key=ref.key,
                    Body=data,
                    ContentType=content_type,
                    Metadata=dict(metadata or {}),
                    ChecksumAlgorithm="SHA256",
                    **{name: value for name, value in conditions.items() if value},
                )["ETag"]
        except SourceChanged as error:
            if was_repeated(error) and (written := self._etag_of(ref, data)) is not None:
                return written
            raise
        return etag

    def _etag_of(self, ref: ObjectRef, data: bytes) -> str | None:
        """The etag of the object, if `put` wrote it with these bytes."""
        try:
            same = self.sha256(ref) == hashlib.sha256(data).hexdigest()
            return self.head(ref).etag if same else None
        except SourceMissing:
            return None

    def delete(self, ref: ObjectRef) -> None:
        """See ObjectStore."""
        with translated(f"delete {ref}"):
            self._client.delete_object(Bucket=ref.bucket, Key=ref.key)

    def erase(self, ref: ObjectRef) -> None:
        """See ObjectStore. The version of an object in a bucket without versions is "null"."""
        with translated(f"delete {ref}"):
            pages = self._client.get_paginator("list_object_versions").paginate(Bucket=ref.bucket, Prefix=ref.key)
            found = [item for page in pages for item in (*page.get("DeleteMarkers", []), *page.get("Versions", []))]
            for item in reversed(found):
                if item["Key"] == ref.key or item["Key"].startswith(f"{ref.key}/"):
                    self._client.delete_object(Bucket=ref.bucket, Key=item["Key"], VersionId=item["VersionId"])

    def link(self, ref: ObjectRef, seconds: int) -> str:
        """A URL that anybody can download the object from, for this many seconds."""
        params = {"Bucket": ref.bucket, "Key": ref.key}
        url: str = self._client.generate_presigned_url("get_object", Params=params, ExpiresIn=seconds)
        return url

    def upload_form(
        self, ref: ObjectRef, content_type: str, metadata: Mapping[str, str], max_bytes: int, seconds: int
    ) -> dict[str, Any]:
        """{"url", "fields"} of a form that anybody can upload the object with, for this many seconds.

        S3 rejects another content type, other metadata, and files that are empty or larger than `max_bytes`.
        """
        fixed = {"Content-Type": content_type} | {f"x-amz-meta-{name}": text for name, text in metadata.items()}
        form: dict[str, Any] = self._client.generate_presigned_post(
            ref.bucket,
            ref.key,
            Fields=dict(fixed),
            Conditions=[*({name: text} for name, text in fixed.items()), ["content-length-range", 1, max_bytes]],
            ExpiresIn=seconds,
        )
        return form


def _reading(ref: ObjectRef) -> dict[str, Any]:
    missing = SourceMissing(f"{ref} no longer exists.")
    changed = SourceChanged(f"{ref} was replaced while it was being read.")
    return meaning(MISSING, missing) | meaning(CONFLICT, changed)
