"""The dead-letter queue as a queue that Hairline sends to itself: a message that can never succeed needs no retry."""

from collections.abc import Sequence
from typing import Any

from handler.aws.faults import translated
from handler.errors import code

_LONGEST_REASON = 1000
"""Characters: attributes and body together must fit into a message."""


class DeadLetters:
    """client: boto3's for SQS."""

    def __init__(self, client: Any, queue_url: str) -> None:
        self._client, self._queue_url = client, queue_url

    def send(self, body: str, errors: Sequence[Exception]) -> None:
        """Move a message to the dead-letter queue. The body stays as it was, since a redrive sends it again.

        The attributes ReasonCode and Reason hold the errors' codes and messages. Raises StoreUnavailable.
        """
        reasons = {
            "ReasonCode": ",".join(dict.fromkeys(map(code, errors))),
            "Reason": _printable("; ".join(str(error) for error in errors))[:_LONGEST_REASON] or "-",
        }
        attributes = {name: {"DataType": "String", "StringValue": text} for name, text in reasons.items()}
        with translated("send to the dead-letter queue"):
            self._client.send_message(QueueUrl=self._queue_url, MessageBody=body, MessageAttributes=attributes)


def _printable(text: str) -> str:
    """SQS accepts the characters of XML 1.0 only, and a key in a message may hold others."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
