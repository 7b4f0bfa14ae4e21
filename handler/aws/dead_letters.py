"""Dead-letter queues. Hairline also sends to them itself: a message that can never succeed needs no retry."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from handler.aws.faults import translated
from handler.errors import code

_LONGEST_REASON = 1000
"""Characters: attributes and body together must fit into a message."""


class DeadLetter(NamedTuple):
    """A message as it was received."""

    body: str
    receipt_handle: str


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

    def receive(self) -> Iterator[DeadLetter]:
        """The visible messages, each of which stays in the queue until it is deleted. Raises StoreUnavailable."""
        while True:
            with translated("receive from the dead-letter queue"):
                answer = self._client.receive_message(
                    QueueUrl=self._queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=1
                )
            if not (found := answer.get("Messages")):
                return
            yield from (DeadLetter(message["Body"], message["ReceiptHandle"]) for message in found)

    def delete(self, letter: DeadLetter) -> None:
        """Delete a message that was received. Raises StoreUnavailable."""
        with translated("delete from the dead-letter queue"):
            self._client.delete_message(QueueUrl=self._queue_url, ReceiptHandle=letter.receipt_handle)


def _printable(text: str) -> str:
    """SQS accepts the characters of XML 1.0 only, and a key in a message may hold others."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
