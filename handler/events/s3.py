"""Events as S3 itself sends them, directly to a function or as the body of a message.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus

from handler.errors import BadEvent
from handler.jobs import Job, ObjectRef


def parse(event: Any) -> list[Job]:
    """One job for each object that was created and can be an image; test events and all others give none.

    event: the decoded JSON. Raises BadEvent if it is not an S3 event of major version 2. One bad record makes the whole
    event bad: a person must look at it before anything is acknowledged.
    """
    if not isinstance(event, Mapping):
        raise BadEvent("The event is not a JSON object.")
    if event.get("Event") == "s3:TestEvent":  # sent once, when a notification is set up
        return []
    records = event.get("Records")
    if not isinstance(records, list):
        raise BadEvent("The event has no list of Records, so S3 did not send it.")
    return [job for record in records if (job := _job(record)) is not None]


def _job(record: Any) -> Job | None:
    try:
        source, version, name = record["eventSource"], record["eventVersion"], record["eventName"]
        bucket, item = record["s3"]["bucket"]["name"], record["s3"]["object"]
        raw, size = item["key"], item.get("size")
        etag, object_version = item.get("eTag"), item.get("versionId")
    except (KeyError, TypeError, AttributeError) as error:
        raise BadEvent(f"A record lacks a field that every S3 event has: {error}.") from error
    if source != "aws:s3" or not all(isinstance(word, str) for word in (version, name, bucket, raw)):
        raise BadEvent(f"A record's source is {source!r} or its fields are not strings, so S3 did not send it.")
    # Minor versions only add fields; a new major version may give the old ones another meaning.
    if version.split(".")[0] != "2":
        raise BadEvent(f"The event has version {version}, but must have version 2.x.")
    key = _decoded(raw)
    # A folder made in the console is an empty object whose key ends in a slash.
    if not name.startswith("ObjectCreated:") or size == 0 or key.endswith("/"):
        return None
    return Job(ObjectRef(bucket, key), object_version, etag)


def _decoded(raw: str) -> str:
    """S3 encodes keys as HTML forms do: a space is +, a plus is %2B."""
    try:
        key = unquote_plus(raw, errors="strict")
    except UnicodeDecodeError as error:
        raise BadEvent(f"The key {raw!r} does not decode to UTF-8.") from error
    if not key:
        raise BadEvent("The key is empty.")
    return key
