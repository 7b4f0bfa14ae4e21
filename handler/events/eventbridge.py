"""Events as EventBridge delivers them to a queue.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
"""

from collections.abc import Mapping
from typing import Any

from handler.errors import BadEvent
from handler.jobs import Job, ObjectRef


def is_event(event: Any) -> bool:
    """Whether it has EventBridge's envelope."""
    return isinstance(event, Mapping) and "detail-type" in event and "detail" in event


def parse(event: Mapping[str, Any]) -> list[Job]:
    """The job of an object that S3 says was created or deleted; none for other kinds of events.

    Keys are plain here: AWS documents the form encoding only for S3's own notifications. Raises BadEvent.
    """
    source, kind, detail = event.get("source"), event["detail-type"], event["detail"]
    if source != "aws.s3":
        raise BadEvent(f"The event's source is {source!r}, but must be 'aws.s3'.")
    if kind not in ("Object Created", "Object Deleted"):
        return []
    try:
        bucket, item = detail["bucket"]["name"], detail["object"]
        key, size, etag, version = item["key"], item.get("size"), item.get("etag"), item.get("version-id")
    except (KeyError, TypeError, AttributeError) as error:
        raise BadEvent(f"The event lacks a field that every S3 event has: {error}.") from error
    if not (isinstance(bucket, str) and isinstance(key, str) and key):
        raise BadEvent("The event's bucket and key must be strings that are not empty.")
    if size == 0 or key.endswith("/"):
        return []
    return [Job(ObjectRef(bucket, key), version, etag)]


def created(source: ObjectRef) -> dict[str, Any]:
    """The event of an object that was created, for a queue of images: the same object is to be looked at again."""
    detail = {"bucket": {"name": source.bucket}, "object": {"key": source.key}}
    return {"source": "aws.s3", "detail-type": "Object Created", "detail": detail}


def shop_payload(event: Mapping[str, Any]) -> tuple[str, Mapping[str, str], Mapping[str, Any]]:
    """(event source, metadata, payload) of a shop's event, or of Hairline's own `hairline.requested`, for platforms.

    https://shopify.dev/docs/apps/build/webhooks/subscribe/get-started?deliveryMethod=eventBridge
    Events are not signed: permission to send to the bus is the check. Raises BadEvent.
    """
    source, detail = event.get("source"), event["detail"]
    if not isinstance(source, str) or not isinstance(detail, Mapping):
        raise BadEvent("The event's source must be a string, and its detail an object.")
    if event["detail-type"] == "hairline.requested":
        return source, {}, {"type": "hairline.requested", "data": detail}
    payload, metadata = detail.get("payload", detail), detail.get("metadata", {})
    if not isinstance(payload, Mapping) or not isinstance(metadata, Mapping):
        raise BadEvent("The event's payload and metadata must be objects.")
    return source, {str(name).lower(): str(value) for name, value in metadata.items()}, payload
