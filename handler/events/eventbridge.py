"""Events as EventBridge delivers them to a queue.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
"""

from collections.abc import Mapping
from typing import Any

from handler.errors import BadEvent
from handler.jobs import Job, ObjectRef


def is_one(event: Any) -> bool:
    """Whether it is in EventBridge's envelope, which only its own events have."""
    return isinstance(event, Mapping) and "detail-type" in event and "detail" in event


def parse(event: Mapping[str, Any]) -> list[Job]:
    """The job of an object that S3 tells of by EventBridge; none for another kind of news.

    Keys are plain here: AWS documents the form encoding for S3's own notifications alone. Raises BadEvent.
    """
    source, kind, detail = event.get("source"), event["detail-type"], event["detail"]
    if source != "aws.s3":
        raise BadEvent(f"The event comes from {source!r}, and this queue takes those of aws.s3.")
    if kind != "Object Created":
        return []
    try:
        bucket, item = detail["bucket"]["name"], detail["object"]
        key, size, etag, version = item["key"], item.get("size"), item.get("etag"), item.get("version-id")
    except (KeyError, TypeError, AttributeError) as error:
        raise BadEvent(f"The event lacks what every one of its kind has: {error}.") from error
    if not (isinstance(bucket, str) and isinstance(key, str) and key):
        raise BadEvent("The event's bucket or key is no text.")
    if size == 0 or key.endswith("/"):
        return []
    return [Job(ObjectRef(bucket, key), version, etag)]


def shop_payload(event: Mapping[str, Any]) -> tuple[str, Mapping[str, str], Mapping[str, Any]]:
    """(event source, words, payload) of a shop's news, or of our own `hairline.requested`, as platforms read them.

    https://shopify.dev/docs/apps/build/webhooks/subscribe/get-started?deliveryMethod=eventBridge
    Nothing is signed: only who may send to the bus can have sent it. Raises BadEvent.
    """
    source, detail = event.get("source"), event["detail"]
    if not isinstance(source, str) or not isinstance(detail, Mapping):
        raise BadEvent("The event's source is no text, or its detail no object.")
    if event["detail-type"] == "hairline.requested":
        return source, {}, {"type": "hairline.requested", "data": detail}
    payload, metadata = detail.get("payload", detail), detail.get("metadata", {})
    if not isinstance(payload, Mapping) or not isinstance(metadata, Mapping):
        raise BadEvent("The event's payload or metadata is no object.")
    return source, {str(name).lower(): str(value) for name, value in metadata.items()}, payload
