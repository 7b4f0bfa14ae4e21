"""A deployment as AWS describes it: the stack's outputs, its functions' settings, and what they used."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from handler.aws.clients import Patience, client
from handler.aws.faults import translated
from handler.errors import BadConfig


class FunctionFacts(NamedTuple):
    """reserved: containers that are reserved for it, None if none are. environment: its variables."""

    environment: Mapping[str, str]
    memory_mb: int
    reserved: int | None


class Usage(NamedTuple):
    """What a function used. ms: of all its calls together."""

    ms: float
    calls: int


def outputs(stack: str) -> dict[str, str]:
    """The stack's outputs. Raises StoreUnavailable, BadConfig if it has none that a backfill needs."""
    with translated(f"describe the stack {stack}"):
        (found,) = client("cloudformation", Patience.QUEUE).describe_stacks(StackName=stack)["Stacks"]
    named = {row["OutputKey"]: row["OutputValue"] for row in found.get("Outputs", [])}
    if "BackfillFunctionArn" not in named:
        raise BadConfig(f"--stack {stack}: the stack has no output BackfillFunctionArn. Deploy this version.")
    return named


def function(arn: str) -> FunctionFacts:
    """A function as it is deployed. Raises StoreUnavailable."""
    functions = client("lambda", Patience.QUEUE)
    with translated(f"describe {arn}"):
        found = functions.get_function_configuration(FunctionName=arn)
        reserved = functions.get_function_concurrency(FunctionName=arn).get("ReservedConcurrentExecutions")
    return FunctionFacts(found["Environment"]["Variables"], found["MemorySize"], reserved)


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
