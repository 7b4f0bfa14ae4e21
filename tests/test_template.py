"""What template.yaml promises, read from the file itself."""

import importlib
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote_plus

import pytest

from handler import observability, settings
from handler.dispositions import Disposition
from handler.hooks import settings as hooks
from handler.http import settings as http
from handler.jobs import Job, ObjectRef, Outcome
from handler.local import template
from pipeline import marketplaces, models
from pipeline.options import CHOICES

TEMPLATE = template.load()
RESOURCES = TEMPLATE["Resources"]


def properties(logical_id: str) -> dict[str, Any]:
    return template.properties(TEMPLATE, logical_id)


class Names(dict[str, str]):
    """What stands for what in one deployment; an attribute of a resource that is there has a made-up value."""

    def __missing__(self, name: str) -> str:
        resource, dot, _ = name.partition(".")
        if dot and resource in self:
            return f"<{name}>"
        raise KeyError(name)


def deployed(**parameters: str) -> tuple[dict[str, Any], Names]:
    """The resources and outputs that come of a deployment with these parameters, worked out; and what stands for what.

    Raises KeyError where one of them names a resource that this deployment lacks.
    """
    assert parameters.keys() <= TEMPLATE["Parameters"].keys()
    pseudo = {"AccountId": "1" * 12, "Region": "ap-southeast-1", "Partition": "aws", "StackName": "hairline"}
    pseudo["URLSuffix"] = "amazonaws.com"
    names = Names(template.defaults(TEMPLATE) | {f"AWS::{name}": value for name, value in pseudo.items()} | parameters)
    there = {
        name: resource
        for name, resource in RESOURCES.items()
        if "Condition" not in resource or template.holds(resource["Condition"], names, TEMPLATE)
    }
    names |= {name: f"<{name}>" for name in there}
    for name, resource in there.items():
        if resource["Type"] == "AWS::S3::Bucket":
            names[name] = template.resolve(resource["Properties"]["BucketName"], names, TEMPLATE)
    return template.resolve({**there, "Outputs": TEMPLATE["Outputs"]}, names, TEMPLATE), names


KEY = "arn:aws:kms:eu-west-1:111111111111:key/1234abcd"
DEPLOYMENTS: dict[str, dict[str, str]] = {
    "defaults": {},
    "existing input": {"ExistingInputBucket": "my-pictures", "KeyPrefix": "in/", "KeySuffix": ".jpg"},
    "existing output": {"ExistingOutputBucket": "my-cutouts", "KeySuffix": ".jpg"},
    "both existing": {"ExistingInputBucket": "my-pictures", "ExistingOutputBucket": "my-cutouts"},
    "key": {"KmsKeyArn": KEY, "AlarmEmail": "a@example.com"},
    "key and both existing": {"KmsKeyArn": KEY, "ExistingInputBucket": "a-b", "ExistingOutputBucket": "c-d"},
    "no extras": {"Tracing": "PassThrough", "SnapStart": "off", "Rollout": "AllAtOnce", "Timeout": "60"},
    "partner": {"PartnerEventSource": "aws.partner/shopify.com/1/hairline"},
    "API extras": {"ApiFirewall": "on", "ApiAccount": "keep"},
    "large model": {"Model": "auto", "ModelBucket": "my-weights"},
    "all extras": {"SnapStart": "on", "Timeout": "900", "MemorySize": "10240", "OutputFormat": "webp"},
}
each_deployment = pytest.mark.parametrize("parameters", DEPLOYMENTS.values(), ids=DEPLOYMENTS)


def of_type(kind: str) -> list[str]:
    return template.of_type(TEMPLATE, kind)


def everything(node: Any) -> Iterator[Any]:
    yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from everything(child)


FUNCTIONS = of_type("AWS::Serverless::Function")
BUCKETS = of_type("AWS::S3::Bucket")
QUEUES = of_type("AWS::SQS::Queue")


def test_there_are_the_buckets_and_queues_of_the_design() -> None:
    assert sorted(BUCKETS) == ["InputBucket", "OutputBucket", "StateBucket"]
    assert sorted(QUEUES) == sorted(
        f"{line}{kind}" for line in ("", "Fetch", "Callback") for kind in ("Queue", "DeadLetterQueue")
    )


QUEUE_OF = {"CutoutFunction": "Queue", "FetchFunction": "FetchQueue", "CallbackFunction": "CallbackQueue"}
"""The functions that a queue sets off."""


def mapping_of(function: dict[str, Any]) -> dict[str, Any]:
    (event,) = function["Events"].values()
    assert event["Type"] == "SQS"
    found: dict[str, Any] = event["Properties"]
    return found


@pytest.mark.parametrize("function", FUNCTIONS)
def test_handlers_exist(function: str) -> None:
    module, _, name = properties(function)["Handler"].rpartition(".")
    assert module in ("handler.cutouts.app", "handler.hooks.app", "handler.http.cutout_app", "handler.http.job_app")
    assert callable(getattr(importlib.import_module(module), name))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_function_gets_exactly_the_settings_that_are_read(function: str) -> None:
    given = properties(function)["Environment"]["Variables"]
    read = (hooks.READ | http.READ).get(properties(function)["Handler"].rpartition(".")[2], settings.names())
    assert {name for name in given if name.startswith(settings.PREFIX)} == set(read)


def test_this_machine_itself_is_asked_on_the_local_stack_alone() -> None:
    asked = [properties(name)["Environment"]["Variables"].get("HAIRLINE_ALLOW_LOOPBACK") for name in FUNCTIONS]
    assert sorted(asked, key=str) == [None, *["no"] * 5]


def test_the_default_parameters_make_a_valid_configuration() -> None:
    variables = deployed()[0]["CutoutFunction"]["Properties"]["Environment"]["Variables"]
    made = settings.Config.from_env(variables)
    assert made.notify == settings.NotificationTargets("default", "<CallbackQueue>", variables["HAIRLINE_STATE_BUCKET"])
    assert made.options == settings.Config.from_env({name: variables[name] for name in settings.REQUIRED}).options


@pytest.mark.parametrize("seconds", TEMPLATE["Parameters"]["Timeout"]["AllowedValues"])
def test_queue_and_alarm_follow_the_timeout(seconds: int) -> None:
    made, _ = deployed(Timeout=str(seconds))
    function = made["CutoutFunction"]["Properties"]
    assert function["Events"]["Pictures"]["Properties"]["Queue"] == "<Queue.Arn>"
    assert made["Queue"]["Properties"]["VisibilityTimeout"] >= 6 * int(function["Timeout"])
    assert made["DurationAlarm"]["Properties"]["Threshold"] == 0.8 * 1000 * int(function["Timeout"])


@pytest.mark.parametrize(("function", "queue"), QUEUE_OF.items())
def test_a_message_stays_hidden_for_six_timeouts(function: str, queue: str) -> None:
    made, _ = deployed()
    assert mapping_of(made[function]["Properties"])["Queue"] == f"<{queue}.Arn>"
    assert made[queue]["Properties"]["VisibilityTimeout"] >= 6 * int(made[function]["Properties"]["Timeout"])


@pytest.mark.parametrize("queue", QUEUE_OF.values())
def test_failed_messages_go_to_the_dead_letter_queue_and_stay_longer_there(queue: str) -> None:
    dead = f"{queue.removesuffix('Queue')}DeadLetterQueue"
    redrive = properties(queue)["RedrivePolicy"]
    assert redrive["deadLetterTargetArn"] == {"Fn::GetAtt": [dead, "Arn"]}
    assert redrive["maxReceiveCount"] >= 5
    assert properties(dead)["MessageRetentionPeriod"] == 14 * 24 * 3600
    assert properties(queue)["MessageRetentionPeriod"] < properties(dead)["MessageRetentionPeriod"]


@pytest.mark.parametrize("function", QUEUE_OF)
def test_the_mapping_replies_in_part_and_is_capped(function: str) -> None:
    mapping = mapping_of(properties(function))
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    cap = TEMPLATE["Parameters"][mapping["ScalingConfig"]["MaximumConcurrency"]["Ref"]]
    assert cap["MinValue"] == 2  # the least that Lambda takes
    assert "ReservedConcurrentExecutions" not in properties(function)  # throttled messages burn their tries


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
    (told,) = deployed()[0]["InputBucket"]["Properties"]["NotificationConfiguration"]["QueueConfigurations"]
    assert told == {"Event": "s3:ObjectCreated:*", "Queue": "<Queue.Arn>"}
    assert "NotificationConfiguration" not in properties("OutputBucket")  # or a cutout would be cut out


@each_deployment
def test_no_cutout_comes_back_as_a_picture(parameters: dict[str, str]) -> None:
    made, _ = deployed(**parameters)
    variables = made["CutoutFunction"]["Properties"]["Environment"]["Variables"]
    taken, written = variables["HAIRLINE_INPUT_BUCKET"], variables["HAIRLINE_OUTPUT_BUCKET"]
    assert taken != written
    assert (made["Outputs"]["InputBucket"]["Value"], made["Outputs"]["OutputBucket"]["Value"]) == (taken, written)
    for rule in (each["Properties"] for each in made.values() if each.get("Type") == "AWS::Events::Rule"):
        pattern = rule["EventPattern"]
        if "aws.s3" in pattern.get("source", ["aws.s3"]) and pattern.get("detail-type") != ["hairline.requested"]:
            assert pattern["detail"]["bucket"] == {"name": [taken]}


@pytest.mark.parametrize(
    ("rule", "parameters", "refused"),
    [
        ("NotOneBucketForBoth", {}, False),
        ("NotOneBucketForBoth", {"ExistingInputBucket": "a"}, False),
        ("NotOneBucketForBoth", {"ExistingOutputBucket": "a"}, False),
        ("NotOneBucketForBoth", {"ExistingInputBucket": "a", "ExistingOutputBucket": "b"}, False),
        ("NotOneBucketForBoth", {"ExistingInputBucket": "a", "ExistingOutputBucket": "a"}, True),
        ("LargeModelsComeFromABucket", {}, False),
        ("LargeModelsComeFromABucket", {"ModelBucket": "a"}, False),
        ("LargeModelsComeFromABucket", {"Model": "isnet", "ModelBucket": "a"}, False),
        ("LargeModelsComeFromABucket", {"Model": "isnet"}, True),
        ("ListingsDecideTheirFormat", {"OutputFormat": "webp"}, False),
        ("ListingsDecideTheirFormat", {"OutputFormat": "auto", "Profiles": "ebay"}, False),
        ("ListingsDecideTheirFormat", {"OutputFormat": "webp", "Profiles": "ebay"}, True),
    ],
)
def test_parameters_that_contradict_each_other_are_refused(
    rule: str, parameters: dict[str, str], refused: bool
) -> None:
    described = TEMPLATE["Rules"][rule]
    names = template.defaults(TEMPLATE) | parameters
    applies = template.resolve(described["RuleCondition"], names, TEMPLATE)
    asserted = [template.resolve(each["Assert"], names, TEMPLATE) for each in described["Assertions"]]
    assert (applies and not all(asserted)) is refused


def test_the_longest_bucket_name_fits() -> None:
    longest = int(re.search(r"\{1,(\d+)\}", TEMPLATE["Parameters"]["BucketPrefix"]["AllowedPattern"])[1]) + 2  # type: ignore[index]
    made, _ = deployed(BucketPrefix="p" * longest)
    assert max(len(made[bucket]["Properties"]["BucketName"]) for bucket in BUCKETS) <= 63


@each_deployment
def test_only_tls(parameters: dict[str, str]) -> None:
    made, names = deployed(**parameters)
    for protected in made.keys() & {*BUCKETS, *QUEUES}:
        kind = RESOURCES[protected]["Type"]
        (policy,) = [
            each["Properties"]
            for each in made.values()
            if each.get("Type") == f"{kind}Policy"
            and names[protected] in (each["Properties"].get("Bucket"), *each["Properties"].get("Queues", ()))
        ]
        (denied,) = [s for s in policy["PolicyDocument"]["Statement"] if s["Effect"] == "Deny"]
        arn = f"<{protected}.Arn>"
        bucket = kind == "AWS::S3::Bucket"
        assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        assert denied["Action"] == ("s3:*" if bucket else "sqs:*")
        assert denied["Resource"] == ([arn, f"{arn}/*"] if bucket else arn)


@each_deployment
def test_what_holds_pictures_or_names_is_encrypted(parameters: dict[str, str]) -> None:
    made, _ = deployed(**parameters)
    key = parameters.get("KmsKeyArn")
    for name in QUEUES:
        assert made[name]["Properties"].get("SqsManagedSseEnabled", False) is (key is None)
        assert made[name]["Properties"].get("KmsMasterKeyId") == key
    for name in made.keys() & set(BUCKETS):
        (rule,) = made[name]["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        by_default = rule["ServerSideEncryptionByDefault"]
        assert by_default == ({"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key} if key else {"SSEAlgorithm": "AES256"})
    for name in of_type("AWS::Logs::LogGroup"):
        assert made[name]["Properties"].get("KmsKeyId") == key
    for name in FUNCTIONS:
        assert made[name]["Properties"].get("KmsKeyArn") == key
    assert made["Registry"]["Properties"].get("KmsKeyId") == key


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


@pytest.mark.parametrize(
    ("prefix", "suffix", "rules"),
    [
        ("in/", "", [{"Name": "prefix", "Value": "in/"}]),
        ("", ".jpg", [{"Name": "suffix", "Value": ".jpg"}]),
        ("in/", ".jpg", [{"Name": "prefix", "Value": "in/"}, {"Name": "suffix", "Value": ".jpg"}]),
    ],
)
def test_a_bucket_tells_of_the_keys_that_were_asked_for(prefix: str, suffix: str, rules: list[Any]) -> None:
    made, _ = deployed(KeyPrefix=prefix, KeySuffix=suffix)
    (told,) = made["InputBucket"]["Properties"]["NotificationConfiguration"]["QueueConfigurations"]
    assert told["Filter"] == {"S3Key": {"Rules": rules}}


@pytest.mark.parametrize("parameter", ["KeyPrefix", "KeySuffix"])
def test_a_filter_reads_the_same_plain_and_encoded(parameter: str) -> None:
    pattern = TEMPLATE["Parameters"][parameter]["AllowedPattern"]
    accepted = {chr(code) for code in range(0x250) if re.fullmatch(pattern, chr(code))}
    assert accepted == {each for each in accepted if quote_plus(each, safe="/") == each}
    assert {*"aZ9/._-"} <= accepted


@each_deployment
def test_the_role_may_do_what_the_handler_does_and_nothing_else(parameters: dict[str, str]) -> None:
    made, names = deployed(**parameters)
    role = made["CutoutRole"]["Properties"]
    assert "ManagedPolicyArns" not in role
    (policy,) = role["Policies"]
    taken = parameters.get("ExistingInputBucket") or names["InputBucket"]
    written = parameters.get("ExistingOutputBucket") or names["OutputBucket"]
    allowed = {
        statement["Sid"]: (statement["Action"], statement["Resource"])
        for statement in policy["PolicyDocument"]["Statement"]
    }
    assert all(statement["Effect"] == "Allow" for statement in policy["PolicyDocument"]["Statement"])
    expected: dict[str, tuple[Any, Any]] = {
        "ReadPictures": ("s3:GetObject", f"arn:aws:s3:::{taken}/*"),
        "WriteCutouts": (["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], f"arn:aws:s3:::{written}/*"),
        "TellMissingFromForbidden": (
            "s3:ListBucket",
            [f"arn:aws:s3:::{taken}", f"arn:aws:s3:::{written}", "<StateBucket.Arn>"],
        ),
        "TellNews": ("events:PutEvents", f"arn:aws:events:ap-southeast-1:{'1' * 12}:event-bus/default"),
        "RememberWhatWasTold": (["s3:GetObject", "s3:PutObject"], "<StateBucket.Arn>/told/*"),
        "TakeMessages": (["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], "<Queue.Arn>"),
        "SetMessagesAside": ("sqs:SendMessage", ["<DeadLetterQueue.Arn>", "<CallbackQueue.Arn>"]),
        "WriteLogs": (["logs:CreateLogStream", "logs:PutLogEvents"], "<CutoutLogs.Arn>"),
    }
    if "ModelBucket" in parameters:
        expected["ReadWeights"] = ("s3:GetObject", f"arn:aws:s3:::{parameters['ModelBucket']}/*.onnx")
    if parameters.get("Tracing") != "PassThrough":
        expected["WriteTraces"] = (["xray:PutTraceSegments", "xray:PutTelemetryRecords"], "*")
    if "KmsKeyArn" in parameters:
        expected["UseTheKey"] = (["kms:Decrypt", "kms:GenerateDataKey"], KEY)
    assert allowed == expected


WRITES = {
    "WebhookRole": {("s3:PutObject", "<StateBucket.Arn>/*")},
    "FetchRole": {("s3:PutObject", "<StateBucket.Arn>/*"), ("s3:PutObject", "arn:aws:s3:::{taken}/shops/*")},
    "CallbackRole": {("s3:PutObject", "<StateBucket.Arn>/*")},
}
"""What the functions for hooks may write into buckets."""
SENDS = {
    "WebhookRole": ["FetchQueue"],
    "FetchRole": ["FetchQueue", "CallbackQueue", "FetchDeadLetterQueue"],
    "CallbackRole": ["CallbackQueue", "CallbackDeadLetterQueue"],
}


@each_deployment
@pytest.mark.parametrize("role", WRITES)
def test_a_function_for_hooks_may_do_what_it_does_and_nothing_else(role: str, parameters: dict[str, str]) -> None:
    made, names = deployed(**parameters)
    taken = parameters.get("ExistingInputBucket") or names["InputBucket"]
    (policy,) = made[role]["Properties"]["Policies"]
    allowed = {
        (action, resource)
        for statement in policy["PolicyDocument"]["Statement"]
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
        for resource in ([statement["Resource"]] if isinstance(statement["Resource"], str) else statement["Resource"])
    }
    assert "ManagedPolicyArns" not in made[role]["Properties"]
    assert not any("*" in action for action, _ in allowed)
    assert {action for action, resource in allowed if resource == "*"} <= {
        "xray:PutTraceSegments",
        "xray:PutTelemetryRecords",
    }
    written = {(action, to) for action, to in allowed if action.startswith(("s3:Put", "s3:Delete"))}
    assert written == {(action, to.format(taken=taken)) for action, to in WRITES[role]}
    assert {to for action, to in allowed if action == "sqs:SendMessage"} == {f"<{queue}.Arn>" for queue in SENDS[role]}
    assert ("secretsmanager:GetSecretValue", "<Registry>") in allowed


def test_each_function_has_a_role_of_its_own() -> None:
    roles = [properties(function)["Role"]["Fn::GetAtt"][0] for function in FUNCTIONS]
    assert sorted(set(roles)) == sorted(roles)


@each_deployment
def test_rules_for_shops_keep_what_they_cannot_deliver_and_send_alone(parameters: dict[str, str]) -> None:
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


@pytest.mark.parametrize("function", FUNCTIONS)
def test_functions_have_a_live_runtime_logs_with_an_end_and_traces(function: str) -> None:
    made = properties(function)
    assert made["Runtime"] == "python3.13"
    assert made["Tracing"] == {"Ref": "Tracing"}
    log_group = made["LoggingConfig"]["LogGroup"]["Ref"]
    assert properties(log_group)["RetentionInDays"]
    assert "MemorySize" in made
    assert "Timeout" in made


def test_nothing_secret_or_personal_is_written_down() -> None:
    text = template.TEMPLATE.read_text("utf-8")
    assert not re.search(r"AKIA|ASIA|\b\d{12}\b|BEGIN [A-Z ]*PRIVATE KEY|password|whsec_", text, re.IGNORECASE)
    assert properties("Registry")["SecretString"] == "{}"
    assert TEMPLATE["Parameters"]["AlarmEmail"]["Default"] == ""


@each_deployment
def test_nothing_names_what_is_not_there(parameters: dict[str, str]) -> None:
    made, names = deployed(**parameters)  # raises KeyError for such a name
    assert all(output["Value"] for output in made["Outputs"].values())
    # and what the template makes or not, it makes where nothing existing was given
    assert ("InputBucket" in made) is ("ExistingInputBucket" not in parameters)
    assert ("OutputBucket" in made) is ("ExistingOutputBucket" not in parameters)
    assert (
        names["AWS::StackName"]
        == made["CutoutFunction"]["Properties"]["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]
    )


def test_what_may_be_chosen_is_what_the_pipeline_knows() -> None:
    assert tuple(TEMPLATE["Parameters"]["OutputFormat"]["AllowedValues"]) == CHOICES["format"]
    pattern = TEMPLATE["Parameters"]["Profiles"]["AllowedPattern"]
    assert all(
        re.fullmatch(pattern, name) for name in [*marketplaces.MARKETPLACES, ",".join(marketplaces.MARKETPLACES)]
    )
    assert len(",".join(marketplaces.MARKETPLACES)) <= TEMPLATE["Parameters"]["Profiles"]["MaxLength"]
    assert sorted(TEMPLATE["Parameters"]["Model"]["AllowedValues"]) == sorted(models.CHOICES)


@pytest.mark.parametrize("function", ["CutoutFunction", "ApiCutoutFunction"])
def test_what_runs_a_network_has_room_for_its_weights_and_may_read_them(function: str) -> None:
    made, _ = deployed(Model="auto", ModelBucket="my-weights")
    network = settings.Network.from_env(made[function]["Properties"]["Environment"]["Variables"])
    assert (network.model.stronger, network.bucket) == (models.named("isnet"), "my-weights")
    room = made[function]["Properties"]["EphemeralStorage"]["Size"] * 1_000_000
    for choice in models.CHOICES.values():
        assert sum(spec.size for spec in choice.networks) < room
    assert made["CutoutFunction"]["Properties"]["EphemeralStorage"]["Size"] <= 512  # the most that SnapStart takes
    role = made[properties(function)["Role"]["Fn::GetAtt"][0]]["Properties"]["Policies"][0]["PolicyDocument"]
    (allowed,) = [s for s in role["Statement"] if s["Sid"] == "ReadWeights"]
    assert (allowed["Action"], allowed["Resource"]) == ("s3:GetObject", "arn:aws:s3:::my-weights/*.onnx")


def parameters_of(node: Any) -> set[str]:
    """The parameters that a part of the template depends on, by way of its conditions too."""
    found: set[str] = set()
    for part in everything(node):
        match part:
            case {"Ref": str(name)} if name in TEMPLATE["Parameters"]:
                found.add(name)
            case {"Fn::Sub": str(text)} | {"Fn::Sub": [str(text), _]}:
                found |= set(re.findall(r"\$\{(\w+)\}", text)) & TEMPLATE["Parameters"].keys()
            case {"Fn::If": [condition, *_]} | {"Condition": str(condition)}:
                found |= parameters_of(TEMPLATE["Conditions"][condition])
    return found


NOT_IN_A_VERSION = {
    "Rollout": "how to deploy, no part of what is deployed",
    "MaximumConcurrency": "the mapping's, outside the version",
    "ExistingInputBucket": "of another bucket's pictures the role may read none; docs/deploy.md: make a new stack",
    "ExistingOutputBucket": "as the input bucket",
    "KmsKeyArn": "as the buckets",
    "ModelBucket": "too long for it; docs/deploy.md: change it together with something else",
}


def test_a_changed_parameter_makes_a_new_version() -> None:
    function = properties("CutoutFunction")
    assert function["AutoPublishAliasAllProperties"] is True
    reaching = parameters_of({name: value for name, value in function.items() if name != "VersionDescription"})
    assert parameters_of(function["VersionDescription"]) == reaching - NOT_IN_A_VERSION.keys()
    assert reaching >= {"DefaultOptions", "MemorySize", "SnapStart"}


def test_the_longest_version_description_fits() -> None:
    longest = {
        name: "x" * rule["MaxLength"] if "MaxLength" in rule
        else max((str(value) for value in rule.get("AllowedValues", [rule.get("MaxValue", "")])), key=len)
        for name, rule in TEMPLATE["Parameters"].items()
    }  # fmt: skip
    assert len(template.resolve(properties("CutoutFunction")["VersionDescription"], longest, TEMPLATE)) <= 256


def test_a_rollout_is_taken_back_by_alarms() -> None:
    made, _ = deployed()
    rollout = made["CutoutFunction"]["Properties"]["DeploymentPreference"]
    assert rollout["Alarms"] == ["<NewVersionAlarm>", "<FailingAlarm>"]
    dimensions = {each["Name"]: each["Value"] for each in made["NewVersionAlarm"]["Properties"]["Dimensions"]}
    assert dimensions == {
        "FunctionName": "<CutoutFunction>",
        "Resource": "<CutoutFunction>:live",
        "ExecutedVersion": "<CutoutFunction.Version.Version>",
    }


def widgets(**parameters: str) -> list[dict[str, Any]]:
    body = json.loads(deployed(**parameters)[0]["Dashboard"]["Properties"]["DashboardBody"])
    return [widget["properties"] for widget in body["widgets"]]


def test_the_dashboard_shows_what_an_operator_asks_for() -> None:
    titles = " / ".join(widget["title"] for widget in widgets())
    for asked in ("Pictures by outcome", "Duration", "Queue", "need review", "Cost", "Function"):
        assert asked in titles
    shown = json.dumps(widgets())
    for outcome in ("done", "repeated", *Disposition):
        assert f'"{outcome}"' in shown
    for percentile in ("p50", "p95", "p99"):
        assert percentile in shown


def test_the_dashboard_and_the_alarm_read_the_metrics_that_are_written(capsys: pytest.CaptureFixture[str]) -> None:
    done = Outcome(
        Job(ObjectRef("in", "a.jpg")), "done", {"source": {"width": 1, "height": 1}, "quality": {"needs_review": True}}
    )
    observability.record(done, 5)
    (written,) = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    (directive,) = written["_aws"]["CloudWatchMetrics"]
    metrics = {each["Name"] for each in directive["Metrics"]}
    read = [
        metric["MetricStat"]["Metric"] for metric in properties("FailingAlarm")["Metrics"] if "MetricStat" in metric
    ]
    for each in read:
        assert (each["Namespace"], each["MetricName"] in metrics) == (directive["Namespace"], True)
        assert [dimension["Name"] for dimension in each["Dimensions"]] in directive["Dimensions"]
    ours = [row for widget in widgets() for row in widget["metrics"] if row[0] == directive["Namespace"]]
    assert {row[1] for row in ours} == {"Pictures", "NeedsReview"} <= metrics
    assert all(row[2::2][:2] == ["service", "outcome"] for row in ours)


def test_the_cost_is_estimated_for_the_memory_that_is_paid() -> None:
    (cost,) = [widget for widget in widgets(MemorySize="2048") if "Cost" in widget["title"]]
    assert "ms / 1000 * 2048 / 1024 * 0.0000166667" in cost["metrics"][0][0]["expression"]


def test_every_skipped_check_has_a_reason() -> None:
    text = template.TEMPLATE.read_text("utf-8")
    skips = re.findall(r"checkov:skip=(\w+)(?::(.*))?$", text, re.MULTILINE)
    assert skips
    assert all(len(reason) > 10 for _, reason in skips)
    ignored = list(re.finditer(r"^(.*)ignore_checks: \[.*?\]\}\}(.*)$", text, re.MULTILINE))
    assert ignored
    for found in ignored:
        before = text[: found.start()].splitlines()[-1].strip()
        assert found[2].strip().startswith("#") or before.startswith("#")
