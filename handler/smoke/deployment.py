"""The deployment under test: its stack's outputs and parameters, its buckets, queues and alarms."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from handler.aws import deployment
from handler.aws.bucket import S3Store
from handler.aws.clients import Patience, client
from handler.aws.faults import translated
from handler.errors import BadConfig

_COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """stack: its name. status: CloudFormation's. outputs, parameters: by name. api_key: the stack's first.

    Every method raises StoreUnavailable if AWS fails or refuses.
    """

    stack: str
    status: str
    outputs: Mapping[str, str]
    parameters: Mapping[str, str]
    api_key: str
    s3: Any
    sqs: Any
    cloudwatch: Any

    @classmethod
    def of_stack(cls, name: str) -> Self:
        """Read a stack of the environment's account and region. Raises BadConfig for a stack that is not Hairline's."""
        found = deployment.stack(name)
        if "ApiKeyId" not in found.outputs:
            raise BadConfig(f"The stack {name} is not Hairline's, or not complete: it has no output ApiKeyId.")
        id_ = found.outputs["ApiKeyId"]
        with translated(f"read the API key {id_}"):
            key = client("apigateway", Patience.QUEUE).get_api_key(apiKey=id_, includeValue=True)
        return cls(
            stack=name,
            status=found.status,
            outputs=found.outputs,
            parameters=found.parameters,
            api_key=key["value"],
            s3=client("s3", Patience.QUEUE),
            sqs=client("sqs", Patience.QUEUE),
            cloudwatch=client("cloudwatch", Patience.QUEUE),
        )

    @property
    def store(self) -> S3Store:
        """Its buckets."""
        return S3Store(self.s3)

    def waiting(self) -> dict[str, int]:
        """The number of messages in each queue and dead-letter queue that is not empty, by the names of the outputs."""
        found = {}
        for name, url in self.outputs.items():
            if name.endswith("QueueUrl"):
                with translated(f"count the messages of {url}"):
                    counts = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=_COUNTS)["Attributes"]
                found[name] = sum(map(int, counts.values()))
        return {name: count for name, count in found.items() if count}

    def alarms(self) -> dict[str, str]:
        """The state of each of the stack's alarms. Their descriptions begin with the stack's name."""
        with translated(f"read the alarms of {self.stack}"):
            pages = self.cloudwatch.get_paginator("describe_alarms").paginate(AlarmNamePrefix=f"{self.stack}-")
            return {
                alarm["AlarmName"]: alarm["StateValue"]
                for page in pages
                for alarm in page["MetricAlarms"]
                if alarm.get("AlarmDescription", "").startswith(f"{self.stack}: ")
            }
