"""Sends messages to queues in SQS, and postpones messages that failed."""

import itertools
from collections.abc import Iterable
from typing import Any

from handler.aws.faults import translated
from handler.errors import StoreUnavailable

MAX_DELAY_S = 900
"""The longest delay of a message that SQS allows."""
_BATCH = 10
"""How many messages SQS accepts in one call."""


class Visibility:
    """Sets when a received message becomes visible again. client: boto3's for SQS."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def hide(self, queue_arn: str, receipt_handle: str, seconds: int) -> None:
        """Let the message that has this receipt handle become visible after `seconds`. Raises StoreUnavailable."""
        # Events name their queue by its ARN, arn:PARTITION:sqs:REGION:ACCOUNT:NAME; SQS wants the URL.
        account, name = queue_arn.split(":")[4:]
        url = f"{self._client.meta.endpoint_url}/{account}/{name}"
        with translated(f"postpone a message of the queue {name}"):
            self._client.change_message_visibility(
                QueueUrl=url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
            )


class Queue:
    """client: boto3's for SQS."""

    def __init__(self, client: Any, url: str) -> None:
        self._client, self._url = client, url

    def send(self, body: str, delay_s: float = 0) -> None:
        """Send a message that becomes visible after `delay_s` seconds, at most MAX_DELAY_S. Raises StoreUnavailable."""
        delay = min(MAX_DELAY_S, max(0, round(delay_s)))
        with translated(f"send to the queue {self._url}"):
            self._client.send_message(QueueUrl=self._url, MessageBody=body, DelaySeconds=delay)

    def send_all(self, bodies: Iterable[str]) -> None:
        """Send messages in batches of ten, each of which must fit into one message.

        Raises StoreUnavailable, after which some of the messages may be in the queue.
        """
        remaining = iter(bodies)
        while batch := list(itertools.islice(remaining, _BATCH)):
            entries = [{"Id": str(n), "MessageBody": body} for n, body in enumerate(batch)]
            with translated(f"send to the queue {self._url}"):
                answer = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
            if failed := answer.get("Failed"):
                raise StoreUnavailable(
                    f"The queue {self._url} rejected {len(failed)} of {len(batch)} messages; the first: {failed[0]}"
                )
