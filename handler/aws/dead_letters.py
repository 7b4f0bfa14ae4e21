"""The dead-letter queue as a place that we write to ourselves: what can never be worked on need not be tried again."""

from collections.abc import Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from handler.errors import StoreUnavailable
from pipeline.errors import HairlineError

_LONGEST = 1000
"""Characters of a reason: attributes and body together must fit into a message."""


class DeadLetters:
    """client: boto3's for SQS."""

    def __init__(self, client: Any, queue_url: str) -> None:
        self._client, self._queue_url = client, queue_url

    def send(self, body: str, errors: Sequence[HairlineError]) -> None:
        """Set a message aside. A redrive sends the same body again, so it is kept as it was.

        Its attributes ReasonCode and Reason hold the errors' codes and messages. Raises StoreUnavailable.
        """
        reasons = {
            "ReasonCode": ",".join(dict.fromkeys(error.code for error in errors)),
            "Reason": _writable("; ".join(str(error) for error in errors))[:_LONGEST] or "-",
        }
        attributes = {name: {"DataType": "String", "StringValue": text} for name, text in reasons.items()}
        try:
            self._client.send_message(QueueUrl=self._queue_url, MessageBody=body, MessageAttributes=attributes)
        except (ClientError, BotoCoreError) as error:
            raise StoreUnavailable(f"Could not send to the dead-letter queue: {error}") from error


def _writable(text: str) -> str:
    """SQS takes the characters of XML 1.0 only, and a key in a message may hold others."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
