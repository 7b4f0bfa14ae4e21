"""Where the list of a backfill's images comes from: the bucket itself, an S3 Inventory, or a manifest."""

import csv
import gzip
import io
import json
import tempfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, unquote_plus

from handler import keys
from handler.aws import listing
from handler.aws.bucket import S3Store
from handler.aws.faults import translated
from handler.backfill.survey import Image
from handler.errors import BadConfig
from handler.jobs import ObjectRef

_ENCRYPTION = {"ServerSideEncryption": "AES256"}
"""S3 Batch Operations reads no list that is encrypted with a KMS key."""


def of_bucket(client: Any, bucket: str, prefix: str) -> Iterator[Image]:
    """The objects of a bucket as they are now. client: boto3's for S3. Raises StoreUnavailable."""
    return (Image(*listed[:3]) for listed in listing.objects(client, bucket, prefix))


def of_file(store: S3Store, url: str, bucket: str) -> list[Image]:
    """The objects of `bucket` that an S3 Inventory or a manifest names, in the order of their keys.

    url: s3://BUCKET/KEY of the inventory's manifest.json, with CSV files, or of a CSV file with a bucket and a
    URL-encoded key in each row. All are sorted in memory, about 300 bytes an image. Raises BadConfig, SourceMissing,
    StoreUnavailable.
    """
    place, slash, key = url.removeprefix("s3://").partition("/")
    if not url.startswith("s3://") or not slash:
        raise BadConfig(f"--list {url} must be s3://BUCKET/KEY of a manifest.json or of a CSV file.")
    ref = ObjectRef(place, key)
    images = _of_inventory(store, ref, bucket) if key.endswith(".json") else _of_manifest(store, ref, bucket)
    return sorted(images, key=lambda image: image.key)


def _of_inventory(store: S3Store, ref: ObjectRef, bucket: str) -> Iterator[Image]:
    manifest = json.loads(store.get(ref).data)
    if manifest.get("fileFormat") != "CSV":
        raise BadConfig(f"--list {ref}: its files are {manifest.get('fileFormat')}, but must be CSV.")
    columns = {name.strip(): n for n, name in enumerate(manifest["fileSchema"].split(","))}
    place = manifest["destinationBucket"].rpartition(":")[2]  # an ARN, in any partition
    for file in manifest["files"]:
        with (
            store.reading(ObjectRef(place, file["key"])) as data,
            gzip.open(data, "rt", encoding="utf-8", newline="") as text,
        ):
            for row in csv.reader(text):
                if row[columns["Bucket"]] == bucket and _is_current(row, columns):
                    yield Image(unquote_plus(row[columns["Key"]]), _size(row, columns), _date(row, columns))


def _is_current(row: list[str], columns: dict[str, int]) -> bool:
    """An inventory of all versions also lists what was replaced or deleted."""
    latest = "IsLatest" not in columns or row[columns["IsLatest"]] == "true"
    deleted = "IsDeleteMarker" in columns and row[columns["IsDeleteMarker"]] == "true"
    return latest and not deleted


def _size(row: list[str], columns: dict[str, int]) -> int | None:
    text = row[columns["Size"]] if "Size" in columns else ""
    return int(text) if text else None


def _date(row: list[str], columns: dict[str, int]) -> datetime | None:
    text = row[columns["LastModifiedDate"]] if "LastModifiedDate" in columns else ""
    return datetime.fromisoformat(text) if text else None


def _of_manifest(store: S3Store, ref: ObjectRef, bucket: str) -> Iterator[Image]:
    with store.reading(ref) as data:
        for number, row in enumerate(csv.reader(io.TextIOWrapper(data, "utf-8", newline="")), 1):
            if len(row) < 2 or row[0] != bucket:
                raise BadConfig(f"--list {ref}, line {number}: must be {bucket} and a key, not {','.join(row)!r}.")
            yield Image(unquote(row[1]))


def write_manifest(client: Any, state_bucket: str, name: str, bucket: str, images: Iterable[str]) -> dict[str, Any]:
    """Write a manifest of these keys to the state bucket, and return it as `create_job` takes it.

    client: boto3's for S3. Raises StoreUnavailable.
    """
    key = keys.manifest(name)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "manifest.csv")
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([bucket, quote(image)] for image in images)
        with translated(f"write {state_bucket}/{key}"):
            client.upload_file(str(path), state_bucket, key, ExtraArgs=_ENCRYPTION)
            etag = client.head_object(Bucket=state_bucket, Key=key)["ETag"]
    return {
        "Spec": {"Format": "S3BatchOperations_CSV_20180820", "Fields": ["Bucket", "Key"]},
        "Location": {"ObjectArn": f"arn:{client.meta.partition}:s3:::{state_bucket}/{key}", "ETag": etag.strip('"')},
    }
