"""Events as S3 itself sends them, straight to a function or as the body of a message.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus

from handler.errors import BadEvent
from handler.jobs import Job, ObjectRef


def parse(event: Any) -> list[Job]:
    """One job for each object that was created and can be a picture; test events and all others give none.

    event: the decoded JSON. Raises BadEvent where it is not an event of S3's, major version 2. The whole event is bad
    then, also if only one of its records is: what cannot be understood needs a person before anything is acknowledged.
    """
    if not isinstance(event, Mapping):
        raise BadEvent("The event is not a JSON object.")
    if event.get("Event") == "s3:TestEvent":  # sent once, when a notification is set up
        return []
    records = event.get("Records")
    if not isinstance(records, list):
        raise BadEvent("The event has no list of Records, so it is not one of S3's.")
    return [job for record in records if (job := _job(record)) is not None]


def _job(record: Any) -> Job | None:
    try:
        source, version, name = record["eventSource"], record["eventVersion"], record["eventName"]
        bucket, item = record["s3"]["bucket"]["name"], record["s3"]["object"]
        raw, size = item["key"], item.get("size")
        etag, object_version = item.get("eTag"), item.get("versionId")
    except (KeyError, TypeError, AttributeError) as error:
        raise BadEvent(f"A record lacks what every event of S3's has: {error}.") from error
    if source != "aws:s3" or not all(isinstance(word, str) for word in (version, name, bucket, raw)):
        raise BadEvent(f"A record comes from {source!r} or its fields are not text, so it is not one of S3's.")
    # Minor versions only add fields; a new major version may give the old ones another meaning.
    if version.split(".")[0] != "2":
        raise BadEvent(f"The event has version {version}; versions 2.x are understood here.")
    key = _decoded(raw)
    # A folder made in the console is an empty object whose key ends in a slash.
    if not name.startswith("ObjectCreated:") or size == 0 or key.endswith("/"):
        return None
    return Job(ObjectRef(bucket, key), object_version, etag)


def _decoded(raw: str) -> str:
    """S3 writes keys as HTML forms do: a space is +, a plus is %2B."""
    try:
        key = unquote_plus(raw, errors="strict")
    except UnicodeDecodeError as error:
        raise BadEvent(f"The key {raw!r} is not UTF-8 when decoded.") from error
    if not key:
        raise BadEvent("The key is empty.")
    return key
