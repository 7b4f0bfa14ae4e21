"""The layout of the three buckets: every key that Hairline reads or writes. docs/s3.md shows the table."""

import hashlib
from typing import NamedTuple

from pipeline.marketplaces import MARKETPLACES
from pipeline.options import STAGES


class Area(NamedTuple):
    """Keys of one kind. bucket: input, output or state. days: until S3 deletes them, None if it never does."""

    bucket: str
    pattern: str
    holds: str
    days: int | None = None

    @property
    def prefix(self) -> str:
        """What all its keys begin with."""
        return self.pattern.partition("<")[0]


AREAS = {
    "original": Area("input", "shops/<source>/<shop>/<product>/<image>", "original image of a shop's product"),
    "upload": Area("input", "api/<tenant>/<job>", "image of an API job", 30),
    "output": Area("output", "<key>/<file>", "results of the image with that key in the input bucket, and its edits"),
    "job": Area("state", "jobs/<tenant>/<job>", "record of an API job", 30),
    "reply": Area("state", "replies/<tenant>/<id>", "result too large for an HTTP response", 1),
    "webhook": Area("state", "hooks/<source>/<sha256 of the body>", "webhook that was accepted", 30),
    "published": Area("state", "published/<notification>", "notification that was sent", 30),
    "callback": Area("state", "callbacks/<notification>", "callback that was delivered", 30),
    "backfill": Area("state", "backfills/<job>/<file>", "completion report of a backfill", 90),
    "manifest": Area("state", "manifests/<file>", "list of the images of a backfill", 90),
    "receiver": Area("state", "receivers/<sha256 of the URL>", "receiver that is busy or answered 410", 30),
}
"""<tenant> is the id of an API key. Other keys in the input bucket are yours."""

REPORT = "report.json"
EDITS = "edits.json"
"""What a person changed on the image and decided about it."""
FAILED = "failed"
"""An empty file beside a report with that status, for readers of a listing: an earlier cutout may be there as well."""
CUTOUT = "cutout"
"""The name of the cutout before its extension."""
OUTPUTS = (CUTOUT, *STAGES, *MARKETPLACES)
"""The names, before their extensions, of all output files except the report."""

MAX_KEY_BYTES = 1024
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html"""
MAX_SOURCE_KEY_BYTES = MAX_KEY_BYTES - max(len(f"/{name}.jpg") for name in OUTPUTS)
"""The longest key of a source whose outputs' keys still fit."""


class OriginalKey(NamedTuple):
    """The parts of the key of a shop's original."""

    source: str
    shop: str
    product: str
    image: str


class UploadKey(NamedTuple):
    """The parts of the key of an API job's image."""

    tenant: str
    job: str


def original(parts: OriginalKey) -> str:
    """Input bucket: a shop's original."""
    return AREAS["original"].prefix + "/".join(parts)


def split_original(key: str) -> OriginalKey | None:
    """The inverse of `original`; None for any other key."""
    prefix = AREAS["original"].prefix
    parts = key.removeprefix(prefix).split("/")
    return OriginalKey(*parts) if key.startswith(prefix) and len(parts) == len(OriginalKey._fields) else None


def upload(tenant: str, job: str) -> str:
    """Input bucket: the image of an API job."""
    return f"{AREAS['upload'].prefix}{tenant}/{job}"


def split_upload(key: str) -> UploadKey | None:
    """The inverse of `upload`; None for any other key."""
    prefix = AREAS["upload"].prefix
    parts = key.removeprefix(prefix).split("/")
    return UploadKey(*parts) if key.startswith(prefix) and len(parts) == len(UploadKey._fields) else None


def output(source_key: str, name: str) -> str:
    """Output bucket: one file of a source's results."""
    return f"{source_key}/{name}"


def is_output(name: str) -> bool:
    """Whether a file beside a report is Hairline's, and not one that the bucket's owner put there."""
    return name in (REPORT, FAILED) or name.partition(".")[0] in OUTPUTS


def source_of_report(key: str) -> str | None:
    """The key of the source whose report has this key in the output bucket; None if it is not a report's."""
    suffix = f"/{REPORT}"
    return key.removesuffix(suffix) if key.endswith(suffix) else None


def job(tenant: str, id_: str) -> str:
    """State bucket: the record of an API job."""
    return f"{AREAS['job'].prefix}{tenant}/{id_}"


def reply(tenant: str, id_: str) -> str:
    """State bucket: a result too large for an HTTP response."""
    return f"{AREAS['reply'].prefix}{tenant}/{id_}"


def webhook(source: str, body: bytes) -> str:
    """State bucket: a webhook that was accepted."""
    return f"{AREAS['webhook'].prefix}{source}/{hashlib.sha256(body).hexdigest()}"


def published(notification: str) -> str:
    """State bucket: a notification that was sent."""
    return AREAS["published"].prefix + notification


def callback(notification: str) -> str:
    """State bucket: a callback that was delivered."""
    return AREAS["callback"].prefix + notification


def receiver(url: str) -> str:
    """State bucket: a receiver of callbacks that is busy or off."""
    return AREAS["receiver"].prefix + hashlib.sha256(url.encode()).hexdigest()


def backfill_report(job: str) -> str:
    """State bucket: the file that S3 Batch Operations writes last of a job's completion report."""
    return f"{AREAS['backfill'].prefix}job-{job}/manifest.json"


def backfill_of_report(key: str) -> str:
    """The inverse of `backfill_report`."""
    return key.removeprefix(AREAS["backfill"].prefix + "job-").removesuffix("/manifest.json")


def manifest(name: str) -> str:
    """State bucket: a list of images for a backfill."""
    return AREAS["manifest"].prefix + name
