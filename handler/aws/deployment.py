"""A deployment as AWS describes it: the stack's outputs, its functions' settings, and what they used."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from handler.aws.clients import Patience, client
from handler.aws.faults import translated
from handler.errors import BadConfig, StoreUnavailable


class Stack(NamedTuple):
    """status: CloudFormation's. outputs, parameters: by name."""

    status: str
    outputs: Mapping[str, str]
    parameters: Mapping[str, str]


class FunctionFacts(NamedTuple):
    """reserved: containers that are reserved for it, None if none are. environment: its variables."""

    environment: Mapping[str, str]
    memory_mb: int
    reserved: int | None


class Usage(NamedTuple):
    """What a function used. ms: of all its calls together."""

    ms: float
    calls: int


def stack(name: str) -> Stack:
    """A stack of the environment's account and region. Raises BadConfig if there is no such stack, StoreUnavailable."""
    missing = BadConfig(
        f"--stack {name}: this account and region have no such stack. Give the name that you deployed it with, and its "
        "region as AWS_DEFAULT_REGION."
    )
    with translated(f"read the stack {name}", {"ValidationError": missing}):
        (found,) = client("cloudformation", Patience.QUEUE).describe_stacks(StackName=name)["Stacks"]
    return Stack(
        found["StackStatus"],
        {row["OutputKey"]: row["OutputValue"] for row in found.get("Outputs", [])},
        {row["ParameterKey"]: row["ParameterValue"] for row in found.get("Parameters", [])},
    )


def outputs(name: str) -> Mapping[str, str]:
    """The stack's outputs. Raises StoreUnavailable, BadConfig if it has none that a backfill needs."""
    found = stack(name).outputs
    if "BackfillFunctionArn" not in found:
        raise BadConfig(f"--stack {name}: the stack has no output BackfillFunctionArn. Deploy this version.")
    return found


def function(arn: str) -> FunctionFacts:
    """A function as it is deployed. Raises StoreUnavailable, also if Lambda may not decrypt its settings for you."""
    functions = client("lambda", Patience.QUEUE)
    with translated(f"describe {arn}"):
        found = functions.get_function_configuration(FunctionName=arn)
        reserved = functions.get_function_concurrency(FunctionName=arn).get("ReservedConcurrentExecutions")
    environment = found["Environment"]
    if "Error" in environment:
        raise StoreUnavailable(
            f"The settings of {arn} cannot be decrypted: {environment['Error'].get('Message')}. Use credentials that "
            "have kms:Decrypt for the stack's KmsKeyArn."
        )
    return FunctionFacts(environment["Variables"], found["MemorySize"], reserved)


def usage(arn: str, since: datetime, until: datetime) -> Usage:
    """What a function used in that time, by CloudWatch. Raises StoreUnavailable."""
    metrics, name = client("cloudwatch", Patience.QUEUE), arn.rpartition(":")[2]
    sums = []
    with translated(f"read the metrics of {name}"):
        for metric in ("Duration", "Invocations"):
            found = metrics.get_metric_statistics(
                Namespace="AWS/Lambda",
                MetricName=metric,
                Dimensions=[{"Name": "FunctionName", "Value": name}],
                StartTime=since,
                EndTime=until,
                Period=3600,
                Statistics=["Sum"],
            )["Datapoints"]
            sums.append(sum(point["Sum"] for point in found))
    return Usage(sums[0], int(sums[1]))
