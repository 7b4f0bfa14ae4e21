"""The stand-in for Lambda's event source mapping, on real queues."""

import json
from typing import Any

import pytest

from handler.cutouts import retries
from handler.local import poller, stack
from handler.local.poller import Context, Poller
from handler.local.stack import Stack


@pytest.fixture
def made(endpoint: str) -> Stack:
    """A stack whose queue holds three messages and shows unfinished ones again at once."""
    made = stack.create(endpoint, visibility_s=0, batch_size=10)
    sqs = made.client("sqs")
    for name in "abc":
        sqs.send_message(
            QueueUrl=made.names["UploadQueue"],
            MessageBody=name,
            MessageAttributes={"reason": {"StringValue": f"because of {name}", "DataType": "String"}},
        )
    return made


class Function:
    """A handler that keeps its events and returns `reply`, or raises it if it is an exception."""

    def __init__(self, reply: Any) -> None:
        self.reply = reply
        self.events: list[dict[str, Any]] = []

    def __call__(self, event: dict[str, Any], context: Any) -> Any:
        assert context.get_remaining_time_in_millis() > 0
        json.dumps(event)
        self.events.append(event)
        if isinstance(self.reply, Exception):
            raise self.reply
        return self.reply(event) if callable(self.reply) else self.reply

    @property
    def bodies(self) -> list[str]:
        return [record["body"] for record in self.events[-1]["Records"]]


def polling(made: Stack, function: Function) -> Poller:
    return Poller(
        sqs=made.client("sqs"),
        queue_url=made.names["UploadQueue"],
        handler=function,
        batch_size=made.batch_size,
        timeout_s=30,
        memory_mb=512,
    )


def left(made: Stack, queue_url: str) -> list[str]:
    found = made.client("sqs").receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10, VisibilityTimeout=0)
    return sorted(message["Body"] for message in found.get("Messages", []))


def test_an_event_has_the_form_of_lambdas(made: Stack) -> None:
    function = Function({"batchItemFailures": []})
    assert polling(made, function).poll(wait_s=0) == 3
    record = function.events[0]["Records"][0]
    assert record["eventSource"] == "aws:sqs"
    assert record["eventSourceARN"] == "arn:aws:sqs:us-east-1:123456789012:hairline-UploadQueue"
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    assert record["messageAttributes"]["reason"]["stringValue"] == "because of a"
    assert set(record) == {
        "messageId", "receiptHandle", "body", "attributes", "messageAttributes", "md5OfBody",
        "eventSource", "eventSourceARN", "awsRegion",
    }  # fmt: skip


@pytest.mark.parametrize("reply", [None, {}, {"batchItemFailures": []}, {"batchItemFailures": None}])
def test_success_deletes_the_messages(made: Stack, reply: Any) -> None:
    polling(made, Function(reply)).poll(wait_s=0)
    assert left(made, made.names["UploadQueue"]) == []
    assert left(made, made.dead_letter_queue_url) == []


def test_a_partial_failure_leaves_only_what_failed(made: Stack) -> None:
    second = Function(lambda event: {"batchItemFailures": [{"itemIdentifier": event["Records"][1]["messageId"]}]})
    polling(made, second).poll(wait_s=0)
    assert left(made, made.names["UploadQueue"]) == ["b"]


@pytest.mark.parametrize(
    "reply",
    [
        RuntimeError("a bug"),
        {"batchItemFailures": [{"itemIdentifier": "of another batch"}]},
        {"batchItemFailures": [{"itemIdentifier": ""}]},
        {"batchItemFailures": [{"id": "x"}]},
        {"batchItemFailures": "abc"},
        {"statusCode": 200},
        "done",
        {"batchItemFailures": [], "left": {1, 2}},
    ],
)
def test_an_invalid_reply_fails_the_batch(made: Stack, reply: Any) -> None:
    polling(made, Function(reply)).poll(wait_s=0)
    assert left(made, made.names["UploadQueue"]) == ["a", "b", "c"]


def test_a_message_that_always_fails_is_moved_to_the_given_up_queue(made: Stack) -> None:
    function = Function(RuntimeError("a bug"))
    poll = polling(made, function)
    while poll.poll(wait_s=0):
        pass
    assert len(function.events) == retries.MAX_TRIES
    assert left(made, made.names["UploadQueue"]) == []
    assert left(made, made.names["GivenUpQueue"]) == ["a", "b", "c"]


def test_an_empty_queue_calls_no_function(made: Stack) -> None:
    function = Function(None)
    polling(made, function).poll(wait_s=0)
    function.events.clear()
    assert polling(made, function).poll(wait_s=0) == 0
    assert function.events == []


def test_the_remaining_time_runs_down_to_zero() -> None:
    assert 0 < Context(30, 512).get_remaining_time_in_millis() <= 30_000
    assert Context(-1, 512).get_remaining_time_in_millis() == 0
    assert poller.failed_ids({"batchItemFailures": []}, set()) == set()
