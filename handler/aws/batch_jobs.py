"""Jobs of S3 Batch Operations.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-managing-jobs.html
"""

from collections.abc import Mapping
from typing import Any, Literal

from handler.aws.faults import translated


class BatchJobs:
    """client: boto3's for s3control. account: the id of the AWS account."""

    def __init__(self, client: Any, account: str) -> None:
        self._client, self._account = client, account

    def create(self, request: Mapping[str, Any]) -> str:
        """Create a job and return its id. The same ClientRequestToken gives the same job. Raises StoreUnavailable."""
        with translated("create a job of S3 Batch Operations"):
            job: str = self._client.create_job(AccountId=self._account, **request)["JobId"]
        return job

    def describe(self, job: str) -> dict[str, Any]:
        """The job as it is now. Raises StoreUnavailable, also if there is none."""
        with translated(f"describe the job {job}"):
            found: dict[str, Any] = self._client.describe_job(AccountId=self._account, JobId=job)["Job"]
        return found

    def described_as(self, description: str) -> list[dict[str, Any]]:
        """The jobs of the last 90 days with that description, newest first. Raises StoreUnavailable."""
        found: list[dict[str, Any]] = []
        page: dict[str, str] = {}
        while True:
            with translated("list the jobs of S3 Batch Operations"):  # boto3 has no paginator for it
                answer = self._client.list_jobs(AccountId=self._account, **page)
            found += [job for job in answer.get("Jobs", []) if job.get("Description") == description]
            if "NextToken" not in answer:
                break
            page = {"NextToken": answer["NextToken"]}
        return sorted(found, key=lambda job: job["CreationTime"], reverse=True)

    def request_status(self, job: str, status: Literal["Ready", "Cancelled"]) -> None:
        """Confirm or cancel a job: the only changes that S3 accepts. Raises StoreUnavailable."""
        with translated(f"change the job {job} to {status}"):
            self._client.update_job_status(AccountId=self._account, JobId=job, RequestedJobStatus=status)
