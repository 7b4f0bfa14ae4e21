"""Roles, asserted exactly: what each function may do, below which prefixes, and nothing else."""

from typing import Any

import pytest

from handler.aws.event_bus import EVENT_SOURCE
from tests.template.deployments import FUNCTIONS, IMAGE_QUEUES, KEY, deployed, each_deployment, properties

Allowed = dict[str, tuple[Any, Any]]
READ_WRITE = ["s3:GetObject", "s3:PutObject"]
RECEIVE = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
BUS = f"arn:aws:events:ap-southeast-1:{'1' * 12}:event-bus/default"
REGISTRY = ("secretsmanager:GetSecretValue", "<Registry>")
SEE = "s3:ListBucket"
"""Without it S3 answers 403, not 404, for an object that does not exist."""
API: Allowed = {
    "WriteJobs": (READ_WRITE, "{state}/jobs/*"),
    "WriteApiImages": (READ_WRITE, "{input}/api/*"),
    "ReadResults": ("s3:GetObject", "{output}/api/*"),
    "SeeMissingObjects": (SEE, ["{input}", "{output}", "{state}"]),
}
DELETE_RESULTS: Allowed = {
    "DeleteResultsOfJobs": ("s3:DeleteObjectVersion", "{output}/api/*"),
    "ListVersionsOfResults": ("s3:ListBucketVersions", "{output}"),
}
ROLES: dict[str, Allowed] = {
    "CutoutRole": {
        "ReadImages": ("s3:GetObject", "{input}/*"),
        "WriteCutouts": (["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], "{output}/*"),
        **DELETE_RESULTS,
        "SeeMissingObjects": (SEE, ["{input}", "{output}", "{state}"]),
        "SendEvents": ("events:PutEvents", BUS),
        "RememberNotifications": (READ_WRITE, "{state}/published/*"),
        "ReceiveMessages": ([*RECEIVE, "sqs:ChangeMessageVisibility"], [f"<{queue}.Arn>" for queue in IMAGE_QUEUES]),
        "SendMessages": ("sqs:SendMessage", ["<DeadLetterQueue.Arn>", "<CallbackQueue.Arn>"]),
    },
    "DeadLetterRole": {
        "ReadImages": ("s3:GetObject", "{input}/*"),
        "WriteReports": (READ_WRITE, "{output}/*/report.json"),
        "MarkFailures": ("s3:PutObject", "{output}/*/failed"),
        **DELETE_RESULTS,
        "ReadEdits": ("s3:GetObject", "{output}/*/edits.json"),
        "SeeMissingObjects": (SEE, ["{input}", "{output}", "{state}"]),
        "SendEvents": ("events:PutEvents", BUS),
        "RememberNotifications": (READ_WRITE, "{state}/published/*"),
        "ReceiveMessages": (RECEIVE, "<GivenUpQueue.Arn>"),
        "SendMessages": ("sqs:SendMessage", ["<DeadLetterQueue.Arn>", "<CallbackQueue.Arn>"]),
    },
    "BackfillRole": {
        "ReadImages": ("s3:GetObject", "{input}/*"),
        "WriteCutouts": (["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], "{output}/*"),
        **DELETE_RESULTS,
        "SeeMissingObjects": (SEE, ["{input}", "{output}"]),
    },
    "BackfillEndRole": {
        "ReadReports": ("s3:GetObject", "{state}/backfills/*"),
        "RememberNotifications": (READ_WRITE, "{state}/published/*"),
        "SeeMissingObjects": (SEE, "{state}"),
        "SendEvents": ("events:PutEvents", BUS),
    },
    "ApiCutoutRole": {"StoreLargeResponses": (READ_WRITE, "{state}/replies/*"), **API},
    "ApiJobRole": {
        "ReadRegistry": REGISTRY,
        "WriteEdits": ("s3:PutObject", "{output}/api/*/edits.json"),
        "SendMessages": ("sqs:SendMessage", "<JobQueue.Arn>"),
        "DeleteJobs": ("s3:DeleteObjectVersion", ["{state}/jobs/*", "{input}/api/*", "{output}/api/*"]),
        "ListVersionsOfJobs": ("s3:ListBucketVersions", ["{input}", "{output}", "{state}"]),
        **API,
    },
    "WebhookRole": {
        "ReadRegistry": REGISTRY,
        "RememberWebhooks": (READ_WRITE, "{state}/hooks/*"),
        "SeeMissingObjects": (SEE, "{state}"),
        "SendMessages": ("sqs:SendMessage", "<FetchQueue.Arn>"),
    },
    "FetchRole": {
        "ReadRegistry": REGISTRY,
        "RememberNotifications": (READ_WRITE, "{state}/published/*"),
        "WriteOriginals": (READ_WRITE, "{input}/shops/*"),
        "SeeMissingObjects": (SEE, ["{input}", "{state}"]),
        "ReceiveMessages": (RECEIVE, "<FetchQueue.Arn>"),
        "SendMessages": (
            "sqs:SendMessage",
            ["<FetchQueue.Arn>", "<CallbackQueue.Arn>", "<FetchDeadLetterQueue.Arn>"],
        ),
        "SendEvents": ("events:PutEvents", BUS),
    },
    "CallbackRole": {
        "ReadRegistry": REGISTRY,
        "RememberDeliveries": (READ_WRITE, ["{state}/callbacks/*", "{state}/receivers/*"]),
        "SeeMissingObjects": (SEE, "{state}"),
        "ReceiveMessages": (RECEIVE, "<CallbackQueue.Arn>"),
        "SendMessages": ("sqs:SendMessage", ["<CallbackQueue.Arn>", "<CallbackDeadLetterQueue.Arn>"]),
    },
}


def statements(role: dict[str, Any]) -> list[dict[str, Any]]:
    assert "ManagedPolicyArns" not in role
    (policy,) = role["Policies"]
    found: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return found


@each_deployment
@pytest.mark.parametrize("role", ROLES)
def test_a_role_permits_what_its_function_does_and_nothing_else(role: str, parameters: dict[str, str]) -> None:
    made, names = deployed(**parameters)
    buckets = {
        kind.lower(): "arn:aws:s3:::" + (parameters.get(f"Existing{kind}Bucket") or names[f"{kind}Bucket"])
        for kind in ("Input", "Output", "State")
    }

    def named(resources: Any) -> Any:
        return (
            [each.format(**buckets) for each in resources]
            if isinstance(resources, list)
            else resources.format(**buckets)
        )

    expected = {sid: (actions, named(resources)) for sid, (actions, resources) in ROLES[role].items()}
    expected["WriteLogs"] = (["logs:CreateLogStream", "logs:PutLogEvents"], f"<{role.removesuffix('Role')}Logs.Arn>")
    if "ModelBucket" in parameters and role in ("CutoutRole", "ApiCutoutRole", "BackfillRole"):
        weights = f"arn:aws:s3:::{parameters['ModelBucket']}/*"
        expected["ReadWeights"] = ("s3:GetObject", [f"{weights}.onnx", f"{weights}.json"])
    if parameters.get("Tracing") != "PassThrough":
        expected["WriteTraces"] = (["xray:PutTraceSegments", "xray:PutTelemetryRecords"], "*")
    if "KmsKeyArn" in parameters:
        expected["UseTheKey"] = (["kms:Decrypt", "kms:GenerateDataKey"], KEY)
    allowed = statements(made[role]["Properties"])
    assert {statement["Effect"] for statement in allowed} == {"Allow"}
    assert {statement["Sid"]: (statement["Action"], statement["Resource"]) for statement in allowed} == expected
    assert len(allowed) == len(expected)


@pytest.mark.parametrize("role", ["CutoutRole", "FetchRole", "DeadLetterRole", "BackfillEndRole"])
def test_events_have_the_source_hairline_only(role: str) -> None:
    (events,) = [each for each in statements(deployed()[0][role]["Properties"]) if each["Sid"] == "SendEvents"]
    assert events["Condition"] == {"StringEquals": {"events:source": EVENT_SOURCE}}


@pytest.mark.parametrize(
    ("role", "prefixes"),
    [
        ("ApiJobRole", ["api/*", "jobs/*"]),
        ("CutoutRole", ["api/*"]),
        ("DeadLetterRole", ["api/*"]),
        ("BackfillRole", ["api/*"]),
    ],
)
def test_versions_are_listed_below_the_prefixes_of_jobs_only(role: str, prefixes: list[str]) -> None:
    (listing,) = [
        each for each in statements(deployed()[0][role]["Properties"]) if each["Action"] == "s3:ListBucketVersions"
    ]
    assert listing["Condition"] == {"StringLike": {"s3:prefix": prefixes}}


def test_each_function_has_a_role_of_its_own() -> None:
    roles = [properties(function)["Role"]["Fn::GetAtt"][0] for function in FUNCTIONS]
    assert sorted(roles) == sorted(ROLES)


@pytest.mark.parametrize("key", ["", KEY])
def test_s3_batch_operations_may_run_a_backfill_and_nothing_else(key: str) -> None:
    made, names = deployed(KmsKeyArn=key)
    role = made["BackfillJobRole"]["Properties"]
    (trusted,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trusted == {
        "Effect": "Allow",
        "Principal": {"Service": "batchoperations.s3.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    state = f"arn:aws:s3:::{names['StateBucket']}"
    assert {statement["Sid"]: (statement["Action"], statement["Resource"]) for statement in statements(role)} == {
        "CutImages": ("lambda:InvokeFunction", "<BackfillFunction.Arn>"),
        "ListImages": ("s3:PutInventoryConfiguration", f"arn:aws:s3:::{names['InputBucket']}"),
        "ReadAndWriteLists": (READ_WRITE, f"{state}/manifests/*"),
        "WriteReports": ("s3:PutObject", f"{state}/backfills/*"),
        "LocateBucket": ("s3:GetBucketLocation", state),
        **({"UseTheKey": (["kms:Decrypt", "kms:GenerateDataKey"], KEY)} if key else {}),
    }
