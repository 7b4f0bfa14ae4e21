"""What `create_job` of S3 Batch Operations is asked for. Pure.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_CreateJob.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from handler import keys
from handler.backfill.arguments import Arguments
from handler.backfill.survey import Filters
from handler.keys import AREAS

SCHEMA = "2.0"
"""Of the function's events; the older 1.0 has no arguments."""
REPORT_FORMAT = "Report_CSV_20180820"
ENDED = ("Complete", "Failed", "Cancelled")
STOPPABLE = ("New", "Preparing", "Suspended", "Ready", "Active", "Paused", "Pausing")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a deployment's backfills run. function, role: ARNs."""

    stack: str
    input_bucket: str
    state_bucket: str
    function: str
    role: str

    @property
    def description(self) -> str:
        """What its jobs are known by in S3's list."""
        return f"Hairline backfill of {self.stack}"

    @property
    def partition(self) -> str:
        """Such as "aws"."""
        return self.function.split(":")[1]

    def bucket_arn(self, bucket: str) -> str:
        """A bucket's ARN."""
        return f"arn:{self.partition}:s3:::{bucket}"


def generator(place: Place, filters: Filters) -> dict[str, Any]:
    """A list that S3 makes of the input bucket when the job begins."""
    names: dict[str, Any] = {}
    if filters.prefix:
        names["MatchAnyPrefix"] = [filters.prefix]
    if filters.suffixes:
        names["MatchAnySuffix"] = list(filters.suffixes)
    # S3 compares with "greater than" and "less than", Hairline with "at least" and "at most".
    rows = {
        "KeyNameConstraint": names or None,
        "CreatedAfter": filters.after,
        "CreatedBefore": filters.before,
        "ObjectSizeGreaterThanBytes": None if filters.min_bytes is None else filters.min_bytes - 1,
        "ObjectSizeLessThanBytes": None if filters.max_bytes is None else filters.max_bytes + 1,
    }
    return {
        "ManifestGenerator": {
            "S3JobManifestGenerator": {
                "SourceBucket": place.bucket_arn(place.input_bucket),
                "EnableManifestOutput": False,
                "Filter": {name: value for name, value in rows.items() if value is not None},
            }
        }
    }


def job(
    place: Place, images: Mapping[str, Any], arguments: Arguments, token: str, priority: int, tags: Mapping[str, str]
) -> dict[str, Any]:
    """A job that waits for its confirmation. images: {"ManifestGenerator": ...} or {"Manifest": ...}.

    token: requests with the same one are one job.
    """
    return {
        **images,
        "ConfirmationRequired": True,
        "Operation": {
            "LambdaInvoke": {
                "FunctionArn": place.function,
                "InvocationSchemaVersion": SCHEMA,
                "UserArguments": arguments.described(),
            }
        },
        "Report": {
            "Bucket": place.bucket_arn(place.state_bucket),
            "Format": REPORT_FORMAT,
            "Enabled": True,
            "Prefix": AREAS["backfill"].prefix.rstrip("/"),
            "ReportScope": "AllTasks",
        },
        "ClientRequestToken": token,
        "Description": place.description,
        "Priority": priority,
        "RoleArn": place.role,
        "Tags": [{"Key": name, "Value": value} for name, value in tags.items()],
    }


def again(described: Mapping[str, Any]) -> dict[str, Any]:
    """The request that continues a job that has ended, from what `describe_job` says of it.

    S3 cannot go on with a job that was cancelled. The new one has the same images, and finds those that are done.
    """
    images = {name: described[name] for name in ("ManifestGenerator", "Manifest") if described.get(name)}
    # A list that S3 made cannot be given to another job, so S3 makes it again.
    if "ManifestGenerator" in images:
        images.pop("Manifest", None)
    copied = {name: described[name] for name in ("Operation", "Report", "Description", "Priority", "RoleArn")}
    return {
        **images,
        **copied,
        "ConfirmationRequired": True,
        "ClientRequestToken": f"resume-{described['JobId']}",
    }


def report_key(described: Mapping[str, Any]) -> str:
    """The key of the last file of a job's completion report."""
    return keys.backfill_report(described["JobId"])
