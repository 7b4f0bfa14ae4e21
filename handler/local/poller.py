"""An event source mapping for a queue: receives a batch, calls the function, and deletes the messages that succeeded.

Event and reply: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html and services-sqs-errorhandling.html
"""

import json
import time
import traceback
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from handler.local.container import FunctionFailed
from handler.local.environment import ACCOUNT, REGION

Handler = Callable[[dict[str, Any], LambdaContext], Any]


class Context(LambdaContext):
    """The second argument of a handler, with a clock that runs down from the function's timeout."""

    def __init__(self, timeout_s: float, memory_mb: int) -> None:
        self._function_name = "hairline-local"
        self._function_version = "$LATEST"
        self._invoked_function_arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:hairline-local"
        self._memory_limit_in_mb = memory_mb
        self._aws_request_id = str(uuid.uuid4())
        self._log_group_name = "/aws/lambda/hairline-local"
        self._log_stream_name = "local"
        self._end = time.monotonic() + timeout_s

    def get_remaining_time_in_millis(self) -> int:  # type: ignore[override]  # Powertools types it as static
        """Until the function's timeout. Lambda would kill it then; here it only reads 0."""
        return max(0, round(1000 * (self._end - time.monotonic())))


@dataclass(frozen=True, slots=True, kw_only=True)
class Poller:
    """The mapping of one queue to one function.

    sqs: a boto3 client. batch_size: 1..10 messages a call. timeout_s, memory_mb: the function's.
    """

    sqs: Any
    queue_url: str
    handler: Handler
    batch_size: int
    timeout_s: float
    memory_mb: int

    def poll(self, wait_s: int) -> int:
        """Receive one batch, waiting at most `wait_s` for it; return how many messages were in it.

        A message that failed stays in the queue, which delivers it again after its visibility timeout and moves it to
        the dead-letter queue after maxReceiveCount deliveries.
        """
        messages = self.sqs.receive_message(
            QueueUrl=self.queue_url,
            MaxNumberOfMessages=self.batch_size,
            WaitTimeSeconds=wait_s,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        ).get("Messages", [])
        if not messages:
            return 0
        failed = self._call(event(messages, self.queue_url))
        done = [message for message in messages if message["MessageId"] not in failed]
        if done:
            entries = [{"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(done)]
            self.sqs.delete_message_batch(QueueUrl=self.queue_url, Entries=entries)
        return len(messages)

    def _call(self, sent: dict[str, Any]) -> set[str]:
        """The ids of the messages that failed."""
        ids = {record["messageId"] for record in sent["Records"]}
        try:
            reply = self.handler(sent, Context(self.timeout_s, self.memory_mb))
        except FunctionFailed:  # its log has the traceback
            return ids
        except Exception:  # noqa: BLE001 - Lambda's runtime catches whatever a function raises, logs it and goes on
            traceback.print_exc()
            return ids
        return failed_ids(reply, ids)


def event(messages: Sequence[Mapping[str, Any]], queue_url: str) -> dict[str, Any]:
    """Received messages, as boto3 gives them, in the form that Lambda hands to a function."""
    queue = queue_url.rsplit("/", 1)[-1]
    records = [
        {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message["Attributes"],
            "messageAttributes": {
                name: {"stringListValues": [], "binaryListValues": [], "dataType": "String", **_lower(attribute)}
                for name, attribute in message.get("MessageAttributes", {}).items()
            },
            "md5OfBody": message["MD5OfBody"],
            "eventSource": "aws:sqs",
            "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}",
            "awsRegion": REGION,
        }
        for message in messages
    ]
    return {"Records": records}


def failed_ids(reply: Any, sent: set[str]) -> set[str]:
    """The ids of the messages that stay in the queue: those that the reply names, or all if the reply is not valid.

    sent: the ids of the batch. To Lambda, a missing or empty list means success. A value that is not a list, or an id
    that was not sent, means that the whole batch failed.
    """
    if reply is None or reply == {}:
        return set()
    try:
        json.dumps(reply)  # Lambda fails a call whose reply is not JSON
        named = {item["itemIdentifier"] for item in reply["batchItemFailures"] or []}
    except (TypeError, KeyError, ValueError):
        return sent
    return sent if named - sent else named


def _lower(attribute: Mapping[str, Any]) -> dict[str, Any]:
    return {name[0].lower() + name[1:]: value for name, value in attribute.items()}
