"""What must be remembered between calls, as small JSON documents in a bucket of their own: no table to run.

S3's conditional writes decide between those who come at the same time: of several that make the same document one
wins, and a change is refused to whoever has not seen the latest one. Nothing is removed here; the bucket's lifecycle
rules let documents expire by their prefix.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

import json
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from handler.errors import StoreUnavailable

_LOST = ("PreconditionFailed", "ConditionalRequestConflict", "412", "409")
"""Somebody else was first; 409 is S3's word for two writes at the very same time."""


@dataclass(frozen=True, slots=True)
class Document:
    """A JSON value as it was read. etag: changes whenever the value does."""

    value: Any
    etag: str


class DocumentStore:
    """client: boto3's for S3. Every method raises StoreUnavailable where S3 does not do what is asked.

    Keys have the form "kind/tenant/name"; the kind is what a lifecycle rule goes by.
    """

    def __init__(self, client: Any, bucket: str) -> None:
        self._client, self._bucket = client, bucket

    def read(self, key: str) -> Document | None:
        """The document, or None where there is none."""
        try:
            found = self._client.get_object(Bucket=self._bucket, Key=key)
            return Document(json.loads(found["Body"].read()), found["ETag"])
        except (ClientError, BotoCoreError) as error:
            if _code(error) in ("NoSuchKey", "404"):
                return None
            raise StoreUnavailable(f"Could not read {self._bucket}/{key}: {error}") from error

    def create(self, key: str, value: Any) -> str | None:
        """Make the document and return its etag; None, and nothing happens, where it exists already."""
        return self._put(key, value, IfNoneMatch="*")

    def replace(self, key: str, value: Any, etag: str) -> str | None:
        """Change the document read with `etag` and return the new etag; None where it was changed or removed since."""
        return self._put(key, value, IfMatch=etag)

    def _put(self, key: str, value: Any, **condition: str) -> str | None:
        body = json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
        try:
            answer = self._client.put_object(
                Bucket=self._bucket, Key=key, Body=body, ContentType="application/json", **condition
            )
        except (ClientError, BotoCoreError) as error:
            # If-Match on an object that is gone is a 404.
            if _code(error) in _LOST or ("IfMatch" in condition and _code(error) in ("NoSuchKey", "404")):
                return None
            raise StoreUnavailable(f"Could not write {self._bucket}/{key}: {error}") from error
        etag: str = answer["ETag"]
        return etag


def _code(error: Exception) -> str | None:
    return error.response.get("Error", {}).get("Code") if isinstance(error, ClientError) else None
