"""Creates in the emulator what template.yaml describes: buckets, queues, secrets and rules."""

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
    """A stack's buckets and queues, and the settings of CutoutFunction.

    image_queue_urls: of the three queues of images. variables, timeout_s, memory_mb, batch_size: of CutoutFunction.
    names: the name or URL of each resource by its logical id, and the ARN by id.Arn.
    """

    endpoint: str
    input_bucket: str
    output_bucket: str
    image_queue_urls: tuple[str, ...]
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
        read = template.load()
        variables = template.properties(read, function)["Environment"]["Variables"]
        found: dict[str, str] = template.resolve(variables, self.names, read)
        return _with_weights(found)


def described(
    endpoint: str,
    *,
    parameters: Mapping[str, str] = MappingProxyType({}),
    batch_size: int | None = None,
) -> Stack:
    """The stack that `create` makes at this endpoint. The template determines the names of its resources.

    parameters: override the template's defaults. batch_size: overrides the template's.
    """
    read = template.load()
    names = template.defaults(read) | _PSEUDO | dict(parameters)
    for queue in template.of_type(read, "AWS::SQS::Queue"):
        names[queue] = f"{endpoint}/{ACCOUNT}/hairline-{queue}"
        names[f"{queue}.Arn"] = f"arn:aws:sqs:{REGION}:{ACCOUNT}:hairline-{queue}"
    for bucket in template.of_type(read, "AWS::S3::Bucket"):
        names[bucket] = template.resolve(template.properties(read, bucket)["BucketName"], names, read)
    for secret in template.of_type(read, "AWS::SecretsManager::Secret"):
        names[secret] = f"hairline-{secret}"
    function = template.properties(read, "CutoutFunction")
    variables, timeout_s, memory_mb = template.resolve(
        [function["Environment"]["Variables"], function["Timeout"], function["MemorySize"]], names, read
    )
    urls = {f"{name}.Arn": url for name, url in names.items()}  # a mapping names its queue by ARN
    return Stack(
        endpoint=endpoint,
        input_bucket=names["InputBucket"],
        output_bucket=names["OutputBucket"],
        image_queue_urls=tuple(
            template.resolve(mapping["Properties"]["Queue"], urls, read) for mapping in function["Events"].values()
        ),
        dead_letter_queue_url=names["DeadLetterQueue"],
        variables=_with_weights(variables),
        timeout_s=int(timeout_s),
        memory_mb=int(memory_mb),
        names=names,
        batch_size=batch_size or function["Events"]["Uploads"]["Properties"]["BatchSize"],
    )


def create(
    endpoint: str,
    *,
    parameters: Mapping[str, str] = MappingProxyType({}),
    visibility_s: int | None = None,
    batch_size: int | None = None,
    versioned: bool = True,
) -> Stack:
    """Create the template's resources in an empty emulator.

    parameters, batch_size: as for `described`. visibility_s: overrides the queues' visibility timeouts. versioned:
    False for an input bucket without versions.
    """
    stack = described(endpoint, parameters=parameters, batch_size=batch_size)
    read, names = template.load(), stack.names
    s3, sqs = stack.client("s3"), stack.client("sqs")

    # A dead-letter queue must exist before the queues that name it.
    order = ("DeadLetterQueue", "GivenUpQueue", "Queue")
    queues = sorted(
        template.of_type(read, "AWS::SQS::Queue"), key=lambda name: [name.endswith(end) for end in order].index(True)
    )
    for queue in queues:
        properties = template.resolve(template.properties(read, queue), names, read)
        if visibility_s is not None and "VisibilityTimeout" in properties:
            properties["VisibilityTimeout"] = visibility_s
        attributes = {name: v if isinstance(v, str) else json.dumps(v) for name, v in properties.items()}
        sqs.create_queue(QueueName=f"hairline-{queue}", Attributes=attributes)

    for bucket in template.of_type(read, "AWS::S3::Bucket"):
        properties = template.resolve(template.properties(read, bucket), names, read)
        s3.create_bucket(Bucket=names[bucket])
        if versioned and "VersioningConfiguration" in properties:
            s3.put_bucket_versioning(
                Bucket=names[bucket], VersioningConfiguration=properties["VersioningConfiguration"]
            )
        if "CorsConfiguration" in properties:
            s3.put_bucket_cors(Bucket=names[bucket], CORSConfiguration=_cors(properties["CorsConfiguration"]))
        if "NotificationConfiguration" in properties:
            s3.put_bucket_notification_configuration(
                Bucket=names[bucket], NotificationConfiguration={"EventBridgeConfiguration": {}}
            )

    for secret in template.of_type(read, "AWS::SecretsManager::Secret"):
        text = template.properties(read, secret)["SecretString"]
        stack.client("secretsmanager").create_secret(Name=names[secret], SecretString=text)

    for rule in template.of_type(read, "AWS::Events::Rule"):
        condition = read["Resources"][rule].get("Condition")
        if condition is None or template.holds(condition, names, read):
            properties = template.resolve(template.properties(read, rule), names, read)
            events = stack.client("events")
            pattern = properties["EventPattern"]
            events.put_rule(Name=rule, EventPattern=pattern if isinstance(pattern, str) else json.dumps(pattern))
            events.put_targets(Rule=rule, Targets=properties["Targets"])
    return stack


def _cors(properties: Mapping[str, Any]) -> dict[str, Any]:
    """A bucket's CORS rules from CloudFormation's form in that of the S3 API."""
    own = {"ExposedHeaders": "ExposeHeaders", "MaxAge": "MaxAgeSeconds"}
    return {
        "CORSRules": [{own.get(name, name): value for name, value in rule.items()} for rule in properties["CorsRules"]]
    }


def _with_weights(variables: dict[str, str]) -> dict[str, str]:
    """A function's variables with the command line's folder of weights in place of the layer's."""
    return variables | {name: str(models.DEFAULT_FOLDER) for name in variables if name == "HAIRLINE_MODEL_DIR"}
