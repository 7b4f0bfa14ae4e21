"""Transport, encryption, secrets, and checks that are skipped for a reason."""

import re

from handler.local import template
from tests.template.deployments import (
    BUCKETS,
    FUNCTIONS,
    QUEUES,
    RESOURCES,
    TEMPLATE,
    deployed,
    each_deployment,
    of_type,
    properties,
)


@each_deployment
def test_buckets_and_queues_accept_tls_only(parameters: dict[str, str]) -> None:
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
def test_buckets_queues_logs_and_settings_are_encrypted(parameters: dict[str, str]) -> None:
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


def test_the_template_contains_no_secret_and_no_account() -> None:
    text = template.TEMPLATE.read_text("utf-8")
    assert not re.search(r"AKIA|ASIA|\b\d{12}\b|BEGIN [A-Z ]*PRIVATE KEY|password|whsec_", text, re.IGNORECASE)
    assert properties("Registry")["SecretString"] == "{}"
    assert TEMPLATE["Parameters"]["AlarmEmail"]["Default"] == ""


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
    (everywhere,) = re.findall(r"ignore_checks:\n((?: +- .*\n)+)", text)
    assert all(re.fullmatch(r" +- \w+ # .{20,}", line) for line in everywhere.splitlines())


def test_access_logs_of_the_webhook_endpoint_need_no_longer_resource_policy() -> None:
    """An account has 5,120 characters for the policies of all its HTTP APIs' logs; this prefix needs none of them.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html
    """
    made, _ = deployed()
    settings = made["WebhookApi"]["Properties"]["AccessLogSettings"]
    assert settings["DestinationArn"] == "<WebhookAccessLogs.Arn>"
    assert made["WebhookAccessLogs"]["Properties"]["LogGroupName"] == "/aws/vendedlogs/hairline/webhooks"
