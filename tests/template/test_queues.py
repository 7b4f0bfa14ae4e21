"""Queues, their dead letters, and who may send to them."""

from typing import Any

import pytest

from handler.cutouts import retries
from tests.template.deployments import (
    BUCKETS,
    QUEUES,
    RESOURCES,
    TEMPLATE,
    deployed,
    each_deployment,
    everything,
    properties,
)


def test_there_are_the_buckets_and_queues_of_the_design() -> None:
    assert sorted(BUCKETS) == ["InputBucket", "OutputBucket", "StateBucket"]
    lines = [f"{line}{kind}" for line in ("", "Fetch", "Callback") for kind in ("Queue", "DeadLetterQueue")]
    assert sorted(QUEUES) == sorted(["GivenUpQueue", *lines])


QUEUE_OF = {
    "CutoutFunction": "Queue",
    "FetchFunction": "FetchQueue",
    "CallbackFunction": "CallbackQueue",
    "DeadLetterFunction": "GivenUpQueue",
}
"""The functions that a queue sets off."""


def mapping_of(function: dict[str, Any]) -> dict[str, Any]:
    (event,) = function["Events"].values()
    assert event["Type"] == "SQS"
    found: dict[str, Any] = event["Properties"]
    return found


@pytest.mark.parametrize("seconds", TEMPLATE["Parameters"]["Timeout"]["AllowedValues"])
def test_queue_and_alarm_follow_the_timeout(seconds: int) -> None:
    made, _ = deployed(Timeout=str(seconds))
    function = made["CutoutFunction"]["Properties"]
    assert function["Events"]["Images"]["Properties"]["Queue"] == "<Queue.Arn>"
    assert made["Queue"]["Properties"]["VisibilityTimeout"] >= 6 * int(function["Timeout"])
    assert made["CutoutDurationAlarm"]["Properties"]["Threshold"] == 0.8 * 1000 * int(function["Timeout"])


@pytest.mark.parametrize(("function", "queue"), QUEUE_OF.items())
def test_a_message_stays_hidden_for_six_timeouts(function: str, queue: str) -> None:
    made, _ = deployed()
    assert mapping_of(made[function]["Properties"])["Queue"] == f"<{queue}.Arn>"
    assert made[queue]["Properties"]["VisibilityTimeout"] >= 6 * int(made[function]["Properties"]["Timeout"])


def test_a_message_that_sqs_gives_up_is_reported_before_it_reaches_the_dead_letter_queue() -> None:
    assert properties("Queue")["RedrivePolicy"]["deadLetterTargetArn"] == {"Fn::GetAtt": ["GivenUpQueue", "Arn"]}
    given_up = properties("GivenUpQueue")
    assert given_up["RedrivePolicy"]["deadLetterTargetArn"] == {"Fn::GetAtt": ["DeadLetterQueue", "Arn"]}
    # Where a message keeps the count of its receptions when SQS moves it, DeadLetterFunction still has five tries.
    assert given_up["RedrivePolicy"]["maxReceiveCount"] >= retries.MAX_TRIES + 1 + 5
    # SQS counts from the first timestamp, and the message may have waited ten days already.
    assert given_up["MessageRetentionPeriod"] > properties("Queue")["MessageRetentionPeriod"]
    mapped = mapping_of(properties("DeadLetterFunction"))["Queue"]
    assert mapped == {"Fn::GetAtt": ["GivenUpQueue", "Arn"]}
    # A mapping deletes what it has processed, and dead letters must stay for a redrive.
    for function in QUEUE_OF:
        assert "DeadLetterQueue" not in str(mapping_of(properties(function))["Queue"])


@pytest.mark.parametrize("queue", ["Queue", "FetchQueue", "CallbackQueue"])
def test_failed_messages_go_to_the_dead_letter_queue_and_stay_longer_there(queue: str) -> None:
    dead = f"{queue.removesuffix('Queue')}DeadLetterQueue"
    redrive = properties(queue)["RedrivePolicy"]
    assert redrive["deadLetterTargetArn"] == {"Fn::GetAtt": ["GivenUpQueue" if queue == "Queue" else dead, "Arn"]}
    assert redrive["maxReceiveCount"] >= 5
    assert properties(dead)["MessageRetentionPeriod"] == 14 * 24 * 3600
    # A dead letter keeps its first timestamp, so it has the rest of its 14 days in the dead-letter queue.
    assert properties(queue)["MessageRetentionPeriod"] == 10 * 24 * 3600


def test_there_are_days_to_act_before_images_expire() -> None:
    alarm = properties("ImagesExpiringAlarm")
    assert alarm["MetricName"] == "ApproximateAgeOfOldestMessage"
    assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": {"Fn::GetAtt": ["Queue", "QueueName"]}}]
    assert alarm["Threshold"] <= properties("Queue")["MessageRetentionPeriod"] / 2


@pytest.mark.parametrize("function", QUEUE_OF)
def test_a_queues_mapping_reports_failures_one_by_one_and_limits_concurrency(function: str) -> None:
    mapping = mapping_of(properties(function))
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    cap = mapping["ScalingConfig"]["MaximumConcurrency"]
    least = cap if function == "DeadLetterFunction" else TEMPLATE["Parameters"][cap["Ref"]]["MinValue"]
    assert least == 2  # the least that Lambda takes
    assert "ReservedConcurrentExecutions" not in properties(function)  # throttled messages burn their tries


def senders(made: dict[str, Any], policy: str) -> list[dict[str, Any]]:
    return [s for s in made[policy]["Properties"]["PolicyDocument"]["Statement"] if s["Effect"] == "Allow"]


def test_only_the_input_bucket_of_this_account_may_send() -> None:
    made, names = deployed()
    (allowed,) = senders(made, "QueuePolicy")
    assert allowed["Principal"] == {"Service": "s3.amazonaws.com"}
    assert (allowed["Action"], allowed["Resource"]) == ("sqs:SendMessage", "<Queue.Arn>")
    assert allowed["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "1" * 12},
        "ArnEquals": {"aws:SourceArn": f"arn:aws:s3:::{names['InputBucket']}"},
    }
    assert senders(made, "DeadLetterQueuePolicy") == []
    # S3 tries the queue out while the bucket is made, so the policy must be there before, and must not wait for it.
    assert RESOURCES["InputBucket"]["DependsOn"] == "QueuePolicy"
    assert not any(
        node in ({"Ref": "InputBucket"}, ["InputBucket", "Arn"]) for node in everything(RESOURCES["QueuePolicy"])
    )


def test_an_existing_bucket_sends_by_one_rule_alone() -> None:
    made, _ = deployed(ExistingInputBucket="my-pictures", KeyPrefix="in/", KeySuffix=".jpg")
    pattern = made["ExistingInputBucketRule"]["Properties"]["EventPattern"]
    assert pattern["source"] == ["aws.s3"]
    assert pattern["detail-type"] == ["Object Created"]
    assert pattern["detail"] == {"bucket": {"name": ["my-pictures"]}, "object": {"key": [{"wildcard": "in/*.jpg"}]}}
    (target,) = made["ExistingInputBucketRule"]["Properties"]["Targets"]
    assert (target["Arn"], target["DeadLetterConfig"]) == ("<Queue.Arn>", {"Arn": "<DeadLetterQueue.Arn>"})
    for policy, queue in (("QueuePolicy", "Queue"), ("DeadLetterQueuePolicy", "DeadLetterQueue")):
        (allowed,) = senders(made, policy)
        assert allowed["Principal"] == {"Service": "events.amazonaws.com"}
        assert (allowed["Action"], allowed["Resource"]) == ("sqs:SendMessage", f"<{queue}.Arn>")
        assert allowed["Condition"] == {"ArnEquals": {"aws:SourceArn": "<ExistingInputBucketRule.Arn>"}}


@each_deployment
def test_rules_for_shops_have_a_dead_letter_queue_and_only_they_may_send(parameters: dict[str, str]) -> None:
    made, _ = deployed(**parameters)
    rules = {"RequestedRule", "PartnerRule"} & made.keys()
    assert ("PartnerRule" in rules) is ("PartnerEventSource" in parameters)
    for rule in rules:
        (target,) = made[rule]["Properties"]["Targets"]
        assert (target["Arn"], target["DeadLetterConfig"]) == (
            "<FetchQueue.Arn>",
            {"Arn": "<FetchDeadLetterQueue.Arn>"},
        )
    for queue in ("FetchQueue", "FetchDeadLetterQueue"):
        (allowed,) = senders(made, f"{queue}Policy")
        assert (allowed["Action"], allowed["Resource"]) == ("sqs:SendMessage", f"<{queue}.Arn>")
        assert set(allowed["Condition"]["ArnEquals"]["aws:SourceArn"]) == {f"<{rule}.Arn>" for rule in rules}
    for queue in ("CallbackQueue", "CallbackDeadLetterQueue"):
        assert senders(made, f"{queue}Policy") == []
