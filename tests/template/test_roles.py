"""Roles, asserted exactly."""

from typing import Any

import pytest

from tests.template.deployments import FUNCTIONS, KEY, deployed, each_deployment, properties


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
