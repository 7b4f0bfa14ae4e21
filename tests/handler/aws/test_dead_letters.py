import pytest

from handler.aws.dead_letters import DeadLetters
from handler.errors import BadEvent, StoreUnavailable
from pipeline.errors import MattingFailed


@pytest.fixture
def letters(cloud):
    return DeadLetters(cloud.sqs, cloud.dead_letter_queue_url)


def attributes(message):
    return {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}


def test_body_and_reason_arrive(letters, cloud):
    letters.send('{"Records": "é"}', [BadEvent("no records")])
    (message,) = cloud.dead()
    assert message["Body"] == '{"Records": "é"}'
    assert attributes(message) == {"ReasonCode": "bad_event", "Reason": "no records"}


def test_several_reasons_in_one_message(letters, cloud):
    letters.send("x", [MattingFailed("first"), MattingFailed("second"), BadEvent("third")])
    (message,) = cloud.dead()
    assert attributes(message) == {"ReasonCode": "matting_failed,bad_event", "Reason": "first; second; third"}


@pytest.mark.parametrize(
    ("words", "reason"),
    [("", "-"), ("a\0b\x1b\ud800\uffff", "a b   "), ("x" * 5000, "x" * 1000)],
)
def test_what_a_queue_would_not_take_is_made_to_fit(letters, cloud, words, reason):
    letters.send("x", [BadEvent(words)])
    assert attributes(cloud.dead()[0])["Reason"] == reason


def test_a_queue_that_is_gone_is_a_passing_fault(letters, cloud):
    cloud.sqs.delete_queue(QueueUrl=cloud.dead_letter_queue_url)
    with pytest.raises(StoreUnavailable, match="dead-letter queue"):
        letters.send("x", [BadEvent("words")])
