"""A deployment as the command line of a backfill sees it."""

from dataclasses import dataclass
from typing import Any

from handler.aws import deployment
from handler.aws.batch_jobs import BatchJobs
from handler.aws.bucket import S3Store
from handler.aws.clients import Patience, client
from handler.backfill.config import BackfillConfig
from handler.backfill.requests import Place
from handler.errors import BadConfig


@dataclass(frozen=True, slots=True)
class Site:
    """config: BackfillFunction's own. memory_mb: its memory. reserved: its containers. s3: boto3's client."""

    place: Place
    config: BackfillConfig
    memory_mb: int
    reserved: int
    s3: Any
    jobs: BatchJobs

    @property
    def store(self) -> S3Store:
        """The buckets."""
        return S3Store(self.s3)

    def job(self, given: str | None) -> dict[str, Any]:
        """The job with that id, or the stack's newest. Raises BadConfig if there is none, StoreUnavailable."""
        if given is None:
            found = self.jobs.described_as(self.place.description)
            if not found:
                raise BadConfig(f"The stack {self.place.stack} has had no backfill in the last 90 days.")
            given = found[0]["JobId"]
        return self.jobs.describe(given)


def connect(stack: str) -> Site:
    """The deployment of that stack, by the AWS settings of this machine. Raises BadConfig, StoreUnavailable."""
    outputs = deployment.outputs(stack)
    arn = outputs["BackfillFunctionArn"]
    facts = deployment.function(arn)
    place = Place(stack, outputs["InputBucket"], outputs["StateBucket"], arn, outputs["BackfillJobRoleArn"])
    return Site(
        place,
        BackfillConfig.from_env(facts.environment),
        facts.memory_mb,
        facts.reserved or 0,
        client("s3", Patience.IMAGE),
        BatchJobs(client("s3control", Patience.QUEUE), arn.split(":")[4]),
    )
