"""What template.yaml promises, read from the file itself."""

import importlib
import re
from collections.abc import Iterator
from typing import Any

import pytest

from handler import config
from handler.local import template

TEMPLATE = template.load()
RESOURCES = TEMPLATE["Resources"]


def properties(logical_id: str) -> dict[str, Any]:
    return template.properties(TEMPLATE, logical_id)


def of_type(kind: str) -> list[str]:
    return [name for name, resource in RESOURCES.items() if resource["Type"] == kind]


def everything(node: Any) -> Iterator[Any]:
    yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from everything(child)


FUNCTIONS = of_type("AWS::Serverless::Function")
BUCKETS = of_type("AWS::S3::Bucket")
QUEUES = of_type("AWS::SQS::Queue")


def statements(kind: str, protected: str, attribute: str) -> list[dict[str, Any]]:
    """The statements of the policies of `kind` that name `protected` in `attribute`."""
    return [
        statement
        for policy in of_type(kind)
        if {"Ref": protected} in [properties(policy)[attribute], *_listed(properties(policy)[attribute])]
        for statement in properties(policy)["PolicyDocument"]["Statement"]
    ]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def test_there_are_the_buckets_and_queues_of_the_design() -> None:
    assert sorted(BUCKETS) == ["InputBucket", "OutputBucket"]
    assert sorted(QUEUES) == ["DeadLetterQueue", "Queue"]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_handlers_exist(function: str) -> None:
    module, _, name = properties(function)["Handler"].rpartition(".")
    assert module == "handler.app"
    assert callable(getattr(importlib.import_module(module), name))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_function_gets_exactly_the_settings_that_are_read(function: str) -> None:
    given = properties(function)["Environment"]["Variables"]
    assert {name for name in given if name.startswith(config.PREFIX)} == set(config.names())


def test_the_default_parameters_make_a_valid_configuration() -> None:
    names = template.defaults(TEMPLATE) | {"InputBucket": "in", "OutputBucket": "out", "DeadLetterQueue": "https://q"}
    variables = template.resolve(properties("CutoutFunction")["Environment"]["Variables"], names)
    made = config.Config.from_env(variables)
    assert made.options == config.Config.from_env({name: variables[name] for name in config.REQUIRED}).options


def test_a_message_stays_hidden_for_six_timeouts() -> None:
    source = properties("CutoutFunction")["Events"]["Pictures"]["Properties"]["Queue"]
    assert source == {"Fn::GetAtt": ["Queue", "Arn"]}
    assert properties("Queue")["VisibilityTimeout"] >= 6 * properties("CutoutFunction")["Timeout"]


def test_failed_messages_go_to_the_dead_letter_queue_and_stay_longer_there() -> None:
    redrive = properties("Queue")["RedrivePolicy"]
    assert redrive["deadLetterTargetArn"] == {"Fn::GetAtt": ["DeadLetterQueue", "Arn"]}
    assert redrive["maxReceiveCount"] >= 5
    assert properties("DeadLetterQueue")["MessageRetentionPeriod"] == 14 * 24 * 3600
    assert properties("Queue")["MessageRetentionPeriod"] < properties("DeadLetterQueue")["MessageRetentionPeriod"]


def test_the_mapping_replies_in_part_and_is_capped() -> None:
    mapping = properties("CutoutFunction")["Events"]["Pictures"]["Properties"]
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    cap = TEMPLATE["Parameters"][mapping["ScalingConfig"]["MaximumConcurrency"]["Ref"]]
    assert cap["MinValue"] == 2  # the least that Lambda takes
    assert "ReservedConcurrentExecutions" not in properties("CutoutFunction")  # throttled messages burn their tries


@pytest.mark.parametrize("bucket", BUCKETS)
def test_buckets_are_closed(bucket: str) -> None:
    block = properties(bucket)["PublicAccessBlockConfiguration"]
    assert block == dict.fromkeys(
        ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
    )
    assert properties(bucket)["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert properties(bucket)["BucketEncryption"]


@pytest.mark.parametrize("bucket", BUCKETS)
def test_buckets_forget_unfinished_uploads_and_outlive_the_stack(bucket: str) -> None:
    rules = properties(bucket)["LifecycleConfiguration"]["Rules"]
    assert any("AbortIncompleteMultipartUpload" in rule and rule["Status"] == "Enabled" for rule in rules)
    assert RESOURCES[bucket]["DeletionPolicy"] == RESOURCES[bucket]["UpdateReplacePolicy"] == "Retain"


def test_the_input_bucket_keeps_versions_and_tells_the_queue_of_new_objects() -> None:
    made = properties("InputBucket")
    assert made["VersioningConfiguration"] == {"Status": "Enabled"}
    told = made["NotificationConfiguration"]["QueueConfigurations"]
    assert told == [{"Event": "s3:ObjectCreated:*", "Queue": {"Fn::GetAtt": ["Queue", "Arn"]}}]
    assert "NotificationConfiguration" not in properties("OutputBucket")  # or a cutout would be cut out


def test_the_two_buckets_never_are_one() -> None:
    names = template.defaults(TEMPLATE) | {"AWS::AccountId": "1", "AWS::Region": "r"}
    first, second = (template.resolve(properties(bucket)["BucketName"], names) for bucket in BUCKETS)
    assert first != second


def test_the_longest_bucket_name_fits() -> None:
    longest = int(re.search(r"\{1,(\d+)\}", TEMPLATE["Parameters"]["BucketPrefix"]["AllowedPattern"])[1]) + 2  # type: ignore[index]
    names = {"BucketPrefix": "p" * longest, "AWS::AccountId": "1" * 12, "AWS::Region": "ap-southeast-1"}
    assert max(len(template.resolve(properties(bucket)["BucketName"], names)) for bucket in BUCKETS) <= 63


@pytest.mark.parametrize(
    ("kind", "protected", "attribute"),
    [("AWS::S3::BucketPolicy", name, "Bucket") for name in BUCKETS]
    + [("AWS::SQS::QueuePolicy", name, "Queues") for name in QUEUES],
)
def test_only_tls(kind: str, protected: str, attribute: str) -> None:
    denied = [s for s in statements(kind, protected, attribute) if s["Effect"] == "Deny"]
    assert [s["Condition"] for s in denied] == [{"Bool": {"aws:SecureTransport": "false"}}]
    assert denied[0]["Action"] in ("s3:*", "sqs:*")
    resources = denied[0]["Resource"]
    if kind == "AWS::S3::BucketPolicy":
        assert resources == [{"Fn::GetAtt": [protected, "Arn"]}, {"Fn::Sub": f"${{{protected}.Arn}}/*"}]
    else:
        assert resources == {"Fn::GetAtt": [protected, "Arn"]}


@pytest.mark.parametrize("queue", QUEUES)
def test_queues_are_encrypted(queue: str) -> None:
    assert properties(queue)["SqsManagedSseEnabled"] is True


def test_only_the_input_bucket_of_this_account_may_send() -> None:
    (allowed,) = [s for s in statements("AWS::SQS::QueuePolicy", "Queue", "Queues") if s["Effect"] == "Allow"]
    assert allowed["Principal"] == {"Service": "s3.amazonaws.com"}
    assert allowed["Action"] == "sqs:SendMessage"
    assert allowed["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    names = template.defaults(TEMPLATE) | {"AWS::AccountId": "1", "AWS::Region": "r", "AWS::Partition": "aws"}
    bucket = template.resolve(properties("InputBucket")["BucketName"], names)
    source = template.resolve(allowed["Condition"]["ArnEquals"]["aws:SourceArn"], names)
    assert source == f"arn:aws:s3:::{bucket}"
    # S3 tries the queue out while the bucket is made, so the policy must be there before, and must not wait for it.
    assert RESOURCES["InputBucket"]["DependsOn"] == "QueuePolicy"
    assert not any(
        node in ({"Ref": "InputBucket"}, ["InputBucket", "Arn"]) for node in everything(RESOURCES["QueuePolicy"])
    )


def test_the_role_may_do_what_the_handler_does_and_nothing_else() -> None:
    (policy,) = properties("CutoutRole")["Policies"]
    assert "ManagedPolicyArns" not in properties("CutoutRole")
    allowed = {
        action: statement["Resource"]
        for statement in policy["PolicyDocument"]["Statement"]
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }
    assert not any("*" in action for action in allowed)
    assert {action for action, resource in allowed.items() if resource == "*"} == {
        "xray:PutTraceSegments",
        "xray:PutTelemetryRecords",
    }
    written = {action for action in allowed if re.match(r"s3:(Put|Delete)", action)}
    assert written == {"s3:PutObject", "s3:DeleteObject"}
    assert all(allowed[action] == {"Fn::Sub": "${OutputBucket.Arn}/*"} for action in written)


@pytest.mark.parametrize(
    ("metric", "dimension", "watched"),
    [
        ("ApproximateNumberOfMessagesVisible", "QueueName", {"Fn::GetAtt": ["DeadLetterQueue", "QueueName"]}),
        ("ApproximateAgeOfOldestMessage", "QueueName", {"Fn::GetAtt": ["Queue", "QueueName"]}),
        ("Errors", "FunctionName", {"Ref": "CutoutFunction"}),
        ("Duration", "FunctionName", {"Ref": "CutoutFunction"}),
    ],
)
def test_alarms(metric: str, dimension: str, watched: Any) -> None:
    (alarm,) = [
        properties(name) for name in of_type("AWS::CloudWatch::Alarm") if properties(name)["MetricName"] == metric
    ]
    assert alarm["Dimensions"] == [{"Name": dimension, "Value": watched}]
    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
    assert {"Fn::If": ["HasAlarmEmail", {"Ref": "AlarmTopic"}, {"Ref": "AWS::NoValue"}]} in alarm["AlarmActions"]


def test_the_duration_alarm_comes_before_the_timeout() -> None:
    assert properties("DurationAlarm")["Threshold"] == 0.8 * 1000 * properties("CutoutFunction")["Timeout"]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_functions_have_a_live_runtime_logs_with_an_end_and_traces(function: str) -> None:
    made = properties(function)
    assert made["Runtime"] == "python3.13"
    assert made["Tracing"] == "Active"
    log_group = made["LoggingConfig"]["LogGroup"]["Ref"]
    assert properties(log_group)["RetentionInDays"]
    assert "MemorySize" in made
    assert "Timeout" in made


def test_nothing_secret_or_personal_is_written_down() -> None:
    text = template.TEMPLATE.read_text("utf-8")
    assert not re.search(r"AKIA|ASIA|\b\d{12}\b|BEGIN [A-Z ]*PRIVATE KEY|password|secret", text, re.IGNORECASE)
    assert TEMPLATE["Parameters"]["AlarmEmail"]["Default"] == ""


def test_every_output_names_a_resource_that_is_always_there() -> None:
    for output in TEMPLATE["Outputs"].values():
        named = output["Value"].get("Ref") or output["Value"]["Fn::GetAtt"][0]
        assert "Condition" not in RESOURCES[named]
