"""What template.yaml describes, made in the emulator: buckets, queues, secrets, notifications and rules."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from handler.local import template
from handler.local.environment import ACCOUNT, REGION, client
from pipeline import models

_PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": REGION,
    "AWS::Partition": "aws",
    "AWS::StackName": "hairline-local",
    "AWS::URLSuffix": "amazonaws.com",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """What a deployment's outputs say, and how its function is set up.

    variables: the cutting function's environment. timeout_s, memory_mb: its own. batch_size: its mapping's.
    names: what each resource of the template is called here, by its logical id, and by id.Arn.
    """

    endpoint: str
    input_bucket: str
    output_bucket: str
    queue_url: str
    dead_letter_queue_url: str
    variables: Mapping[str, str]
    timeout_s: int
    memory_mb: int
    batch_size: int
    names: Mapping[str, str]

    def client(self, service: str) -> Any:
        """A boto3 client of `service` at this stack's endpoint."""
        return client(service, self.endpoint)

    def environment(self, function: str) -> dict[str, str]:
        """The environment that the template gives to a function, by its logical id."""
        described = template.load()
        variables = template.properties(described, function)["Environment"]["Variables"]
        found: dict[str, str] = template.resolve(variables, self.names, described)
        return found


def create(
    endpoint: str,
    *,
    parameters: Mapping[str, str] = MappingProxyType({}),
    visibility_s: int | None = None,
    batch_size: int | None = None,
    versioned: bool = True,
) -> Stack:
    """Make everything that template.yaml describes, in an empty emulator.

    parameters: of the template, where its defaults are not meant. visibility_s: how soon an unfinished message is tried
    again, batch_size, and versioned (False leaves versions of the input bucket off) depart from the template.
    """
    described = template.load()
    s3, sqs = client("s3", endpoint), client("sqs", endpoint)
    names = template.defaults(described) | _PSEUDO | dict(parameters)

    # Others redrive into the dead-letter queues, so these come first.
    for queue in sorted(template.of_type(described, "AWS::SQS::Queue"), key=lambda name: "DeadLetter" not in name):
        properties = template.resolve(template.properties(described, queue), names, described)
        if visibility_s is not None and "VisibilityTimeout" in properties:
            properties["VisibilityTimeout"] = visibility_s
        attributes = {name: v if isinstance(v, str) else json.dumps(v) for name, v in properties.items()}
        names[queue] = sqs.create_queue(QueueName=f"hairline-{queue}", Attributes=attributes)["QueueUrl"]
        answer = sqs.get_queue_attributes(QueueUrl=names[queue], AttributeNames=["QueueArn"])
        names[f"{queue}.Arn"] = answer["Attributes"]["QueueArn"]

    for bucket in template.of_type(described, "AWS::S3::Bucket"):
        properties = template.resolve(template.properties(described, bucket), names, described)
        names[bucket] = properties["BucketName"]
        s3.create_bucket(Bucket=names[bucket])
        if versioned and "VersioningConfiguration" in properties:
            s3.put_bucket_versioning(
                Bucket=names[bucket], VersioningConfiguration=properties["VersioningConfiguration"]
            )
        if "NotificationConfiguration" in properties:
            s3.put_bucket_notification_configuration(
                Bucket=names[bucket], NotificationConfiguration=_notification(properties["NotificationConfiguration"])
            )

    for secret in template.of_type(described, "AWS::SecretsManager::Secret"):
        text = template.properties(described, secret)["SecretString"]
        secrets = client("secretsmanager", endpoint)
        names[secret] = secrets.create_secret(Name=f"hairline-{secret}", SecretString=text)["ARN"]

    for rule in template.of_type(described, "AWS::Events::Rule"):
        condition = described["Resources"][rule].get("Condition")
        if condition is None or template.holds(condition, names, described):
            properties = template.resolve(template.properties(described, rule), names, described)
            events = client("events", endpoint)
            events.put_rule(Name=rule, EventPattern=json.dumps(properties["EventPattern"]))
            events.put_targets(Rule=rule, Targets=properties["Targets"])

    function = template.properties(described, "CutoutFunction")
    variables, timeout_s, memory_mb = template.resolve(
        [function["Environment"]["Variables"], function["Timeout"], function["MemorySize"]], names, described
    )
    return Stack(
        endpoint=endpoint,
        input_bucket=names["InputBucket"],
        output_bucket=names["OutputBucket"],
        queue_url=names["Queue"],
        dead_letter_queue_url=names["DeadLetterQueue"],
        # The layer's folder is not on this machine; the weights lie where the command line looks for them.
        variables={**variables, "HAIRLINE_MODEL_DIR": str(models.DEFAULT_FOLDER)},
        timeout_s=int(timeout_s),
        memory_mb=int(memory_mb),
        names=names,
        batch_size=batch_size or function["Events"]["Images"]["Properties"]["BatchSize"],
    )


def _notification(described: Mapping[str, Any]) -> dict[str, Any]:
    """CloudFormation's words for a bucket's notification in those of S3's own interface."""
    rows = []
    for row in described["QueueConfigurations"]:
        told = {"QueueArn": row["Queue"], "Events": [row["Event"]]}
        if "Filter" in row:
            told["Filter"] = {"Key": {"FilterRules": row["Filter"]["S3Key"]["Rules"]}}
        rows.append(told)
    return {"QueueConfigurations": rows}
