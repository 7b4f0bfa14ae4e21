"""When a failed image is retried, and what the log says before a container is killed."""

import functools
import io
import json
import time
from dataclasses import replace

import pytest
from moto.sqs.models import sqs_backends

from handler import observability
from handler.cutouts import wiring
from tests.handler.cutouts.invoking import fail, on_queue
from tests.handler.events.test_events import load


@pytest.fixture
def queue(wired):
    """The queue of the events of events/, with the visibility timeout of the template."""
    name = "hairline-Queue-4RZ1VQ8XK2PD"
    return wired.sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "1800"})["QueueUrl"]


def received(cloud, queue_url, attempt):
    """The event of a message with the body of sqs_s3_put, received just now for the so-manieth time."""
    cloud.sqs.send_message(QueueUrl=queue_url, MessageBody=load("sqs_s3_put")["Records"][0]["body"])
    (message,) = cloud.sqs.receive_message(QueueUrl=queue_url)["Messages"]
    event = load("sqs_s3_put")
    event["Records"][0] |= {"receiptHandle": message["ReceiptHandle"], "messageId": message["MessageId"]}
    event["Records"][0]["attributes"]["ApproximateReceiveCount"] = str(attempt)
    return event


def hidden_s(queue_url):
    """For how long the queue's only message stays hidden, as moto plays SQS."""
    name = queue_url.rsplit("/", 1)[-1]
    (message,) = sqs_backends["123456789012"]["us-east-1"].queues[name]._messages
    return message.visible_at / 1000 - time.time()


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 15), (2, 60), (3, 240), (4, 900), (7, 900), (8, 0), (9, 0)])
def test_a_failed_image_is_retried_after_seconds_rather_than_after_the_visibility_timeout(
    wired, queue, attempt, seconds
):
    event = received(wired, queue, attempt)
    assert hidden_s(queue) == pytest.approx(1800, abs=10)
    fail(wiring.deps().store, "products")
    assert on_queue(event) == [0]
    assert hidden_s(queue) == pytest.approx(seconds, abs=10)


def test_a_finished_image_is_not_postponed(wired, queue, photo):
    wired.drop("products/shoe.jpg", photo)
    assert on_queue(received(wired, queue, 1)) == []
    assert hidden_s(queue) == pytest.approx(1800, abs=10)


def test_a_message_that_cannot_be_postponed_is_still_retried(wired, caplog):
    """There is no such queue; the log says so."""
    fail(wiring.deps().store, "products")
    assert on_queue(load("sqs_s3_put")) == [0]
    (postponed,) = [record for record in caplog.records if record.getMessage() == "postpone"]
    assert "hairline-Queue" in postponed.reason


class Watching:
    """Notes what the log says when the model is asked."""

    def __init__(self, segmenter, records):
        self.spec, self._segmenter, self._records, self.seen = segmenter.spec, segmenter, records, []

    def segment(self, picture):
        self.seen = [(each.getMessage(), each.key, each.bytes) for each in self._records if hasattr(each, "key")]
        return self._segmenter.segment(picture)


def test_the_log_names_an_image_before_the_work_begins(wired, caplog, photo, monkeypatch):
    wired.drop("products/shoe.jpg", photo)
    watching = Watching(wiring.deps().segmenter, caplog.records)
    with monkeypatch.context() as patched:
        patched.setattr(wiring, "deps", functools.partial(replace, wiring.deps(), segmenter=watching))
        assert on_queue(load("sqs_s3_put")) == []
    assert watching.seen == [("begin", "products/shoe.jpg", len(photo))]


def test_each_line_of_the_log_names_the_message_and_the_attempt(wired, photo, monkeypatch):
    log = io.StringIO()
    monkeypatch.setattr(observability.logger.registered_handler, "stream", log)
    wired.drop("products/shoe.jpg", photo)
    event = load("sqs_s3_put")
    event["Records"][0]["attributes"]["ApproximateReceiveCount"] = "3"
    assert on_queue(event) == []
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [line["message"] for line in lines] == ["begin", "image"]
    assert {(line["message_id"], line["attempt"]) for line in lines} == {(event["Records"][0]["messageId"], 3)}
