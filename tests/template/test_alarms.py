"""Alarms."""

from typing import Any

import pytest

from tests.template.deployments import deployed, of_type, properties


@pytest.mark.parametrize(
    ("metric", "dimension", "watched"),
    [
        ("ApproximateNumberOfMessagesVisible", "QueueName", {"Fn::GetAtt": ["DeadLetterQueue", "QueueName"]}),
        ("ApproximateNumberOfMessagesVisible", "QueueName", {"Fn::GetAtt": ["FetchDeadLetterQueue", "QueueName"]}),
        ("ApproximateNumberOfMessagesVisible", "QueueName", {"Fn::GetAtt": ["CallbackDeadLetterQueue", "QueueName"]}),
        ("5xx", "ApiId", {"Ref": "HooksApi"}),
        ("ApproximateAgeOfOldestMessage", "QueueName", {"Fn::GetAtt": ["Queue", "QueueName"]}),
        ("Errors", "FunctionName", {"Ref": "CutoutFunction"}),
        ("Duration", "FunctionName", {"Ref": "CutoutFunction"}),
        ("Throttles", "FunctionName", {"Ref": "CutoutFunction"}),
    ],
)
def test_alarms(metric: str, dimension: str, watched: Any) -> None:
    dimensions = [{"Name": dimension, "Value": watched}]
    (alarm,) = [
        properties(name)
        for name in of_type("AWS::CloudWatch::Alarm")
        if (properties(name).get("MetricName"), properties(name).get("Dimensions")) == (metric, dimensions)
    ]
    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"


@pytest.mark.parametrize("alarm", of_type("AWS::CloudWatch::Alarm"))
def test_every_alarm_tells_whoever_asked_for_it(alarm: str) -> None:
    for email, told in (("", []), ("a@example.com", ["<AlarmTopic>"])):
        made = deployed(AlarmEmail=email)[0][alarm]["Properties"]
        assert made["AlarmActions"] == made["OKActions"] == told
        assert made["TreatMissingData"] == "notBreaching"
