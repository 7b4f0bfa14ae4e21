"""A queue as a place that we send to."""

import itertools
from collections.abc import Iterable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from handler.errors import StoreUnavailable

MOST_DELAY_S = 900
"""The longest that SQS holds a message back."""


class Queue:
    """client: boto3's for SQS."""

    def __init__(self, client: Any, url: str) -> None:
        self._client, self._url = client, url

    def send(self, body: str, delay_s: float = 0) -> None:
        """Put a message into the queue, to be seen after `delay_s` seconds, at most MOST_DELAY_S.

        Raises StoreUnavailable.
        """
        delay = min(MOST_DELAY_S, max(0, round(delay_s)))
        try:
            self._client.send_message(QueueUrl=self._url, MessageBody=body, DelaySeconds=delay)
        except (ClientError, BotoCoreError) as error:
            raise StoreUnavailable(f"Could not send to the queue {self._url}: {error}") from error

    def send_all(self, bodies: Iterable[str]) -> None:
        """Put messages into the queue, ten at a time; together ten must fit into one. Raises StoreUnavailable.

        Some may be there already when it raises.
        """
        remaining = iter(bodies)
        while batch := list(itertools.islice(remaining, 10)):
            entries = [{"Id": str(n), "MessageBody": body} for n, body in enumerate(batch)]
            try:
                answer = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
            except (ClientError, BotoCoreError) as error:
                raise StoreUnavailable(f"Could not send to the queue {self._url}: {error}") from error
            if failed := answer.get("Failed"):
                raise StoreUnavailable(
                    f"The queue {self._url} took {len(failed)} of {len(batch)} messages not: {failed[0]}"
                )
