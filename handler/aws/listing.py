"""Lists the objects of a bucket, a thousand keys for each request: $0.005 for a million keys."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from handler.aws.faults import translated


class Listed(NamedTuple):
    """An object as a listing shows it. modified: when it was written; size: bytes. etag: as `ObjectHead` has it."""

    key: str
    size: int
    modified: datetime
    etag: str = ""


def objects(client: Any, bucket: str, prefix: str = "") -> Iterator[Listed]:
    """The objects below a prefix, in the order of their keys. client: boto3's for S3. Raises StoreUnavailable."""
    with translated(f"list {bucket}/{prefix}"):
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for item in page.get("Contents", []):
                yield Listed(item["Key"], item["Size"], item["LastModified"], item["ETag"])
