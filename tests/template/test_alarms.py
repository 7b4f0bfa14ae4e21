"""Alarms: what each watches, when it fires, and who is notified."""

import itertools
import re
from typing import Any

import pytest

from handler.cutouts import retries
from tests.template.deployments import IMAGE_QUEUES, TEMPLATE, deployed, of_type, properties

ALARMS = of_type("AWS::CloudWatch::Alarm")
NEW_VERSION = ("NewVersionErrorsAlarm", "NewVersionFailingAlarm")
PEOPLE_WAIT_FOR_ITS_END = {f"{queue}AgeAlarm" for queue in IMAGE_QUEUES} | {"WebhookFailingAlarm", "ApiFailingAlarm"}
TRIES = dict.fromkeys(IMAGE_QUEUES, retries.MAX_TRIES) | {"FetchQueue": 5, "CallbackQueue": 5}

LAMBDA = {
    "CutoutErrorsAlarm": ("Errors", "CutoutFunction"),
    "CutoutDurationAlarm": ("Duration", "CutoutFunction"),
    "CutoutThrottlesAlarm": ("Throttles", "CutoutFunction"),
    "CutoutRecursionAlarm": ("RecursiveInvocationsDropped", "CutoutFunction"),
    "FetchErrorsAlarm": ("Errors", "FetchFunction"),
    "FetchThrottlesAlarm": ("Throttles", "FetchFunction"),
    "FetchRecursionAlarm": ("RecursiveInvocationsDropped", "FetchFunction"),
    "CallbackErrorsAlarm": ("Errors", "CallbackFunction"),
    "CallbackThrottlesAlarm": ("Throttles", "CallbackFunction"),
    "BackfillErrorsAlarm": ("Errors", "BackfillFunction"),
    "BackfillEndAlarm": ("AsyncEventsDropped", "BackfillEndFunction"),
    "ApiCutoutErrorsAlarm": ("Errors", "ApiCutoutFunction"),
    "ApiCutoutThrottlesAlarm": ("Throttles", "ApiCutoutFunction"),
    "ApiJobErrorsAlarm": ("Errors", "ApiJobFunction"),
    "ApiJobThrottlesAlarm": ("Throttles", "ApiJobFunction"),
}
QUEUES = {
    "DeadLetterAlarm": ("ApproximateNumberOfMessagesVisible", "DeadLetterQueue"),
    **{f"{queue}AgeAlarm": ("ApproximateAgeOfOldestMessage", queue) for queue in IMAGE_QUEUES},
    "UploadsExpiringAlarm": ("ApproximateAgeOfOldestMessage", "UploadQueue"),
    "FetchDeadLetterAlarm": ("ApproximateNumberOfMessagesVisible", "FetchDeadLetterQueue"),
    "FetchQueueAgeAlarm": ("ApproximateAgeOfOldestMessage", "FetchQueue"),
    "CallbackDeadLetterAlarm": ("ApproximateNumberOfMessagesVisible", "CallbackDeadLetterQueue"),
    "CallbackQueueAgeAlarm": ("ApproximateAgeOfOldestMessage", "CallbackQueue"),
}
API = [{"Name": "ApiName", "Value": {"Ref": "AWS::StackName"}}, {"Name": "Stage", "Value": "live"}]
WATCHED: dict[str, tuple[str, str, Any]] = {
    **{
        alarm: ("AWS/Lambda", metric, [{"Name": "FunctionName", "Value": {"Ref": function}}])
        for alarm, (metric, function) in LAMBDA.items()
    },
    **{
        alarm: ("AWS/SQS", metric, [{"Name": "QueueName", "Value": {"Fn::GetAtt": [queue, "QueueName"]}}])
        for alarm, (metric, queue) in QUEUES.items()
    },
    "WebhookFailingAlarm": ("AWS/ApiGateway", "5xx", [{"Name": "ApiId", "Value": {"Ref": "WebhookApi"}}]),
    "ApiFailingAlarm": ("AWS/ApiGateway", "5XXError", API),
    "ApiLatencyAlarm": ("AWS/ApiGateway", "Latency", API),
}


def test_every_alarm_is_tested() -> None:
    assert sorted(ALARMS) == sorted([*WATCHED, *NEW_VERSION, "FailingAlarm"])


@pytest.mark.parametrize("alarm", WATCHED)
def test_an_alarm_watches_one_thing(alarm: str) -> None:
    made = properties(alarm)
    assert (made["Namespace"], made["MetricName"], made["Dimensions"]) == WATCHED[alarm]
    assert made["ComparisonOperator"] == "GreaterThanThreshold"


@pytest.mark.parametrize("alarm", ALARMS)
def test_an_alarm_notifies_unless_the_deployment_reports_the_failure(alarm: str) -> None:
    own = "arn:aws:sns:eu-west-1:111111111111:chat"
    for email, topic, notified in (
        ("", "", []),
        ("a@example.com", "", ["<AlarmTopic>"]),
        ("", own, [own]),
        ("a@example.com", own, ["<AlarmTopic>", own]),
    ):
        made = deployed(AlarmEmail=email, AlarmTopicArn=topic)[0][alarm]["Properties"]
        assert made.get("AlarmActions") == (None if alarm in NEW_VERSION else notified)
        assert made.get("OKActions") == (notified if alarm in PEOPLE_WAIT_FOR_ITS_END else None)
        assert made["TreatMissingData"] == "notBreaching"


QUEUE_OF = {"CutoutFunction": "UploadQueue", "FetchFunction": "FetchQueue", "CallbackFunction": "CallbackQueue"}


@pytest.mark.parametrize("timeout", TEMPLATE["Parameters"]["Timeout"]["AllowedValues"])
@pytest.mark.parametrize(
    "alarm",
    [a for a, (metric, f) in LAMBDA.items() if metric in ("Errors", "Duration") and f in QUEUE_OF],
)
def test_one_message_that_kills_its_function_sets_off_no_alarm_before_it_is_a_dead_letter(
    alarm: str, timeout: int
) -> None:
    made, _ = deployed(Timeout=str(timeout))
    rule = made[alarm]["Properties"]
    name = QUEUE_OF[LAMBDA[alarm][1]]
    queue = made[name]["Properties"]
    assert queue["RedrivePolicy"]["maxReceiveCount"] == TRIES[name]
    failures = [n * int(queue["VisibilityTimeout"]) for n in range(TRIES[name])]
    for start in range(-rule["Period"], failures[-1] + 1, 30):
        windows = [start + n * rule["Period"] for n in range(rule["EvaluationPeriods"])]
        counts = [sum(window <= failure < window + rule["Period"] for failure in failures) for window in windows]
        # A duration of any try breaches by itself; errors are summed up.
        breaching = [count > (0 if rule["MetricName"] == "Duration" else rule["Threshold"]) for count in counts]
        assert not all(breaching)


@pytest.mark.parametrize("alarm", ["FailingAlarm", "NewVersionFailingAlarm"])
def test_the_retries_of_one_image_do_not_set_off_an_alarm(alarm: str) -> None:
    rule = properties(alarm)
    (expression,) = [row["Expression"] for row in rule["Metrics"] if "Expression" in row]
    assert expression == "IF(failed > 2, 100 * failed / tries, 0)"
    (period,) = {row["MetricStat"]["Period"] for row in rule["Metrics"] if "MetricStat" in row}
    failures = [0, *itertools.accumulate(retries.WAITS_S)]
    for start in range(-period, failures[-1] + 1):
        windows = [start + n * period for n in range(rule["EvaluationPeriods"])]
        counts = [sum(window <= failure < window + period for failure in failures) for window in windows]
        assert not all(count > 2 for count in counts)


@pytest.mark.parametrize("timeout", TEMPLATE["Parameters"]["Timeout"]["AllowedValues"])
@pytest.mark.parametrize(("alarm", "queue"), [(a, q) for a, (metric, q) in QUEUES.items() if "Age" in metric])
def test_a_retried_message_sets_off_no_alarm_of_age(alarm: str, queue: str, timeout: int) -> None:
    made, _ = deployed(Timeout=str(timeout))
    assert made[alarm]["Properties"]["Threshold"] >= TRIES[queue] * int(made[queue]["Properties"]["VisibilityTimeout"])
    assert made[alarm]["Properties"]["Threshold"] >= 3600


@pytest.mark.parametrize("alarm", ALARMS)
def test_an_alarms_description_is_complete_alone_and_names_its_section(alarm: str) -> None:
    text = deployed()[0][alarm]["Properties"]["AlarmDescription"]
    assert text.startswith("hairline: ")
    fact, _, action = text.removesuffix(f" Runbook: docs/runbook.md#{alarm.lower()}").partition(". ")
    assert fact
    assert action.endswith(".")
    assert len(text) <= 1024
    for output in re.findall(r"outputs? ([A-Z]\w+)", text):
        assert output in TEMPLATE["Outputs"]
