import pytest

from handler.aws.dead_letters import DeadLetters
from handler.errors import BadEvent, StoreUnavailable
from pipeline.errors import MattingFailed


@pytest.fixture
def letters(cloud):
    return DeadLetters(cloud.sqs, cloud.dead_letter_queue_url)


def attributes(message):
    return {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}


def test_a_dead_letter_has_its_body_and_reason(letters, cloud):
    letters.send('{"Records": "é"}', [BadEvent("no records")])
    (message,) = cloud.dead()
    assert message["Body"] == '{"Records": "é"}'
    assert attributes(message) == {"ReasonCode": "bad_event", "Reason": "no records"}


def test_a_dead_letter_may_have_several_reasons(letters, cloud):
    letters.send("x", [MattingFailed("first"), MattingFailed("second"), BadEvent("third")])
    (message,) = cloud.dead()
    assert attributes(message) == {"ReasonCode": "matting_failed,bad_event", "Reason": "first; second; third"}


@pytest.mark.parametrize(
    ("words", "reason"),
    [("", "-"), ("a\0b\x1b\ud800\uffff", "a b   "), ("x" * 5000, "x" * 1000)],
)
def test_a_reason_that_sqs_would_reject_is_made_to_fit(letters, cloud, words, reason):
    letters.send("x", [BadEvent(words)])
    assert attributes(cloud.dead()[0])["Reason"] == reason


def test_a_received_dead_letter_can_be_deleted(letters, cloud):
    letters.send("first", [BadEvent("words")])
    (letter,) = letters.receive()
    assert letter.body == "first"
    letters.delete(letter)
    counts = cloud.sqs.get_queue_attributes(
        QueueUrl=cloud.dead_letter_queue_url, AttributeNames=["ApproximateNumberOfMessagesNotVisible"]
    )
    assert counts["Attributes"] == {"ApproximateNumberOfMessagesNotVisible": "0"}


def test_a_missing_queue_is_a_failure(letters, cloud):
    cloud.sqs.delete_queue(QueueUrl=cloud.dead_letter_queue_url)
    with pytest.raises(StoreUnavailable, match="dead-letter queue"):
        letters.send("x", [BadEvent("words")])
