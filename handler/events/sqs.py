"""Bodies of SQS messages with S3's events: sent directly, through SNS (raw or wrapped), or by EventBridge.

https://docs.aws.amazon.com/sns/latest/dg/sns-sqs-as-subscriber.html
"""

import json
from typing import Any

from handler.errors import BadEvent
from handler.events import eventbridge, s3
from handler.jobs import Job


def parse(body: str) -> list[Job]:
    """The jobs of a message; there may be none. Raises BadEvent."""
    event = _decoded(body)
    # SNS's envelope has fields that no other event has; raw delivery leaves S3's own event.
    if isinstance(event, dict) and event.get("Type") == "Notification" and isinstance(event.get("Message"), str):
        event = _decoded(event["Message"])
    return eventbridge.parse(event) if eventbridge.is_event(event) else s3.parse(event)


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadEvent(f"The message is not JSON: {error}.") from error
