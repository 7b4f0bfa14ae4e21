"""The buckets, queues and notification of template.yaml, made in the emulator."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from handler.local import template
from handler.local.environment import ACCOUNT, REGION, client
from pipeline import models


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """What a deployment's outputs say, and how its function is set up.

    variables: the function's environment. timeout_s, memory_mb: the function's. batch_size: the mapping's.
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

    def client(self, service: str) -> Any:
        """A boto3 client of `service` at this stack's endpoint."""
        return client(service, self.endpoint)


def create(
    endpoint: str, *, visibility_s: int | None = None, batch_size: int | None = None, versioned: bool = True
) -> Stack:
    """Make everything that template.yaml describes, in an empty emulator.

    visibility_s: how soon an unfinished message is tried again, batch_size, and versioned (False leaves versions of
    the input bucket off) depart from the template; without them all is as it says.
    """
    described = template.load()
    s3, sqs = client("s3", endpoint), client("sqs", endpoint)
    names = template.defaults(described) | {"AWS::AccountId": ACCOUNT, "AWS::Region": REGION, "AWS::Partition": "aws"}

    for queue in ("DeadLetterQueue", "Queue"):
        properties = template.resolve(template.properties(described, queue), names)
        if visibility_s is not None and "VisibilityTimeout" in properties:
            properties["VisibilityTimeout"] = visibility_s
        attributes = {name: v if isinstance(v, str) else json.dumps(v) for name, v in properties.items()}
        names[queue] = sqs.create_queue(QueueName=f"hairline-{queue}", Attributes=attributes)["QueueUrl"]
        answer = sqs.get_queue_attributes(QueueUrl=names[queue], AttributeNames=["QueueArn"])
        names[f"{queue}.Arn"] = answer["Attributes"]["QueueArn"]

    for bucket in ("OutputBucket", "InputBucket"):
        properties = template.resolve(template.properties(described, bucket), names)
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

    function = template.properties(described, "CutoutFunction")
    variables = template.resolve(function["Environment"]["Variables"], names)
    return Stack(
        endpoint=endpoint,
        input_bucket=names["InputBucket"],
        output_bucket=names["OutputBucket"],
        queue_url=names["Queue"],
        dead_letter_queue_url=names["DeadLetterQueue"],
        # The layer's folder is not on this machine; the weights lie where the command line looks for them.
        variables={**variables, "HAIRLINE_MODEL_DIR": str(models.DEFAULT_FOLDER)},
        timeout_s=function["Timeout"],
        memory_mb=function["MemorySize"],
        batch_size=batch_size or function["Events"]["Pictures"]["Properties"]["BatchSize"],
    )


def _notification(described: Mapping[str, Any]) -> dict[str, Any]:
    """CloudFormation's words for a bucket's notification in those of S3's own interface."""
    return {
        "QueueConfigurations": [
            {"QueueArn": row["Queue"], "Events": [row["Event"]]} for row in described["QueueConfigurations"]
        ]
    }
