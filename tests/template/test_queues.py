"""Queues, their dead letters, and who may send to them."""

import json
from typing import Any

import pytest

from handler.config import CutoutConfig
from handler.cutouts import retries
from handler.keys import AREAS
from tests.template.deployments import BUCKETS, IMAGE_QUEUES, QUEUES, TEMPLATE, deployed, each_deployment, properties


def test_the_template_has_the_buckets_and_queues_of_the_design() -> None:
    assert sorted(BUCKETS) == ["InputBucket", "OutputBucket", "StateBucket"]
    lines = [f"{line}{kind}" for line in ("Fetch", "Callback") for kind in ("Queue", "DeadLetterQueue")]
    assert sorted(QUEUES) == sorted([*IMAGE_QUEUES, "GivenUpQueue", "DeadLetterQueue", *lines])


QUEUE_OF = {
    "FetchFunction": "FetchQueue",
    "CallbackFunction": "CallbackQueue",
    "DeadLetterFunction": "GivenUpQueue",
}
"""The functions that one queue calls."""


def mapping_of(function: dict[str, Any]) -> dict[str, Any]:
    (event,) = function["Events"].values()
    assert event["Type"] == "SQS"
    found: dict[str, Any] = event["Properties"]
    return found


@pytest.mark.parametrize("seconds", TEMPLATE["Parameters"]["Timeout"]["AllowedValues"])
def test_queue_and_alarm_follow_the_timeout(seconds: int) -> None:
    made, _ = deployed(Timeout=str(seconds))
    function = made["CutoutFunction"]["Properties"]
    for queue, mapping in IMAGE_QUEUES.items():
        assert function["Events"][mapping]["Properties"]["Queue"] == f"<{queue}.Arn>"
        assert made[queue]["Properties"]["VisibilityTimeout"] >= 6 * int(function["Timeout"])
    assert made["CutoutDurationAlarm"]["Properties"]["Threshold"] == 0.8 * 1000 * int(function["Timeout"])


@pytest.mark.parametrize(("function", "queue"), QUEUE_OF.items())
def test_a_message_stays_hidden_for_six_timeouts(function: str, queue: str) -> None:
    made, _ = deployed()
    assert mapping_of(made[function]["Properties"])["Queue"] == f"<{queue}.Arn>"
    assert made[queue]["Properties"]["VisibilityTimeout"] >= 6 * int(made[function]["Properties"]["Timeout"])


def test_a_message_that_sqs_gives_up_is_reported_before_it_reaches_the_dead_letter_queue() -> None:
    for queue in IMAGE_QUEUES:
        assert properties(queue)["RedrivePolicy"]["deadLetterTargetArn"] == {"Fn::GetAtt": ["GivenUpQueue", "Arn"]}
    given_up = properties("GivenUpQueue")
    assert given_up["RedrivePolicy"]["deadLetterTargetArn"] == {"Fn::GetAtt": ["DeadLetterQueue", "Arn"]}
    # Where a message keeps the count of its receptions when SQS moves it, DeadLetterFunction still has five tries.
    assert given_up["RedrivePolicy"]["maxReceiveCount"] >= retries.MAX_TRIES + 1 + 5
    # SQS counts from the first timestamp, and the message may have waited ten days already.
    assert given_up["MessageRetentionPeriod"] > properties("UploadQueue")["MessageRetentionPeriod"]
    mapped = mapping_of(properties("DeadLetterFunction"))["Queue"]
    assert mapped == {"Fn::GetAtt": ["GivenUpQueue", "Arn"]}
    # A mapping deletes what it has processed, and dead letters must stay for a redrive.
    for function in QUEUE_OF:
        assert "DeadLetterQueue" not in str(mapping_of(properties(function))["Queue"])


@pytest.mark.parametrize("queue", [*IMAGE_QUEUES, "FetchQueue", "CallbackQueue"])
def test_failed_messages_go_to_the_dead_letter_queue_and_stay_longer_there(queue: str) -> None:
    dead = "DeadLetterQueue" if queue in IMAGE_QUEUES else f"{queue.removesuffix('Queue')}DeadLetterQueue"
    redrive = properties(queue)["RedrivePolicy"]
    assert redrive["deadLetterTargetArn"] == {"Fn::GetAtt": ["GivenUpQueue" if queue in IMAGE_QUEUES else dead, "Arn"]}
    assert redrive["maxReceiveCount"] >= 5
    assert properties(dead)["MessageRetentionPeriod"] == 14 * 24 * 3600
    # A dead letter keeps its first timestamp, so it has the rest of its 14 days in the dead-letter queue.
    assert properties(queue)["MessageRetentionPeriod"] == 10 * 24 * 3600


def test_there_are_days_to_act_before_images_expire() -> None:
    alarm = properties("UploadsExpiringAlarm")
    assert alarm["MetricName"] == "ApproximateAgeOfOldestMessage"
    assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": {"Fn::GetAtt": ["UploadQueue", "QueueName"]}}]
    assert alarm["Threshold"] <= properties("UploadQueue")["MessageRetentionPeriod"] / 2


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


IMAGE_RULES = {"UploadRule": "UploadQueue", "ShopRule": "ShopQueue", "JobRule": "JobQueue"}


def pattern_of(made: dict[str, Any], rule: str) -> dict[str, Any]:
    written = made[rule]["Properties"]["EventPattern"]
    found: dict[str, Any] = json.loads(written) if isinstance(written, str) else written
    return found


@each_deployment
def test_only_its_rule_may_send_to_a_queue(parameters: dict[str, str]) -> None:
    made, _ = deployed(**parameters)
    for rule, queue in IMAGE_RULES.items():
        (target,) = made[rule]["Properties"]["Targets"]
        assert (target["Arn"], target["DeadLetterConfig"]) == (f"<{queue}.Arn>", {"Arn": "<DeadLetterQueue.Arn>"})
        (allowed,) = senders(made, f"{queue}Policy")
        assert allowed["Principal"] == {"Service": "events.amazonaws.com"}
        assert (allowed["Action"], allowed["Resource"]) == ("sqs:SendMessage", f"<{queue}.Arn>")
        assert allowed["Condition"] == {"ArnEquals": {"aws:SourceArn": f"<{rule}.Arn>"}}
    (allowed,) = senders(made, "DeadLetterQueuePolicy")
    assert (allowed["Principal"], allowed["Action"]) == ({"Service": "events.amazonaws.com"}, "sqs:SendMessage")
    assert allowed["Condition"] == {"ArnEquals": {"aws:SourceArn": [f"<{rule}.Arn>" for rule in IMAGE_RULES]}}


@pytest.mark.parametrize("bucket", ["", "my-pictures"])
@pytest.mark.parametrize(
    ("patterns", "keys"),
    [
        ("", [{"anything-but": {"prefix": ["api/", "shops/"]}}]),
        ("in/*.jpg", [{"wildcard": "in/*.jpg"}]),
        ("in/*.jpg,new/*", [{"wildcard": "in/*.jpg"}, {"wildcard": "new/*"}]),
    ],
)
def test_key_patterns_apply_to_uploads_only(bucket: str, patterns: str, keys: list[Any]) -> None:
    made, names = deployed(ExistingInputBucket=bucket, KeyPatterns=patterns)
    for rule, expected in (
        ("UploadRule", keys),
        ("ShopRule", [{"prefix": "shops/"}]),
        ("JobRule", [{"prefix": "api/"}]),
    ):
        assert pattern_of(made, rule) == {
            "source": ["aws.s3"],
            "detail-type": ["Object Created"],
            "detail": {"bucket": {"name": [bucket or names["InputBucket"]]}, "object": {"key": expected}},
        }


@pytest.mark.parametrize(
    ("parameter", "kinds"), [("off", ["Object Created"]), ("on", ["Object Created", "Object Deleted"])]
)
def test_deletions_are_sent_only_if_outputs_are_deleted(parameter: str, kinds: list[str]) -> None:
    made, _ = deployed(DeleteOutputs=parameter)
    assert [pattern_of(made, rule)["detail-type"] for rule in IMAGE_RULES] == [kinds] * 3
    variables = made["CutoutFunction"]["Properties"]["Environment"]["Variables"]
    assert CutoutConfig.from_env(variables).delete_outputs is (parameter == "on")


def test_rules_use_the_prefixes_of_the_layout() -> None:
    made, _ = deployed()
    assert pattern_of(made, "ShopRule")["detail"]["object"]["key"] == [{"prefix": AREAS["original"].prefix}]
    assert pattern_of(made, "JobRule")["detail"]["object"]["key"] == [{"prefix": AREAS["upload"].prefix}]


@pytest.mark.parametrize(("queue", "mapping"), IMAGE_QUEUES.items())
def test_each_queue_of_images_has_its_own_concurrency(queue: str, mapping: str) -> None:
    found = properties("CutoutFunction")["Events"][mapping]["Properties"]
    assert found["ScalingConfig"] == {"MaximumConcurrency": {"Ref": queue.replace("Queue", "Concurrency")}}
    assert TEMPLATE["Parameters"][queue.replace("Queue", "Concurrency")]["MinValue"] == 2  # the least that Lambda takes
    assert (found["BatchSize"], found["FunctionResponseTypes"]) == (1, ["ReportBatchItemFailures"])
    assert "ReservedConcurrentExecutions" not in properties("CutoutFunction")  # throttled messages burn their tries


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
