"""S3 Batch Operations: its client, and the completion report of a job."""

from datetime import UTC, datetime

import boto3
import botocore.validate

MODEL = boto3.client("s3control", region_name="eu-west-1").meta.service_model


GIVEN_ONLY = ("AccountId", "ClientRequestToken", "Tags")
"""What a job is made with, and does not say when it is described."""
FRESH = {"TotalNumberOfTasks": 5_000_000, "NumberOfTasksSucceeded": 0, "NumberOfTasksFailed": 0}

STATE = "hairline-state-123456789012-us-east-1"
JOB = "f8fb9d89-a3aa-461d-bddc-ea6a1b131955"
SUCCEEDED = (
    "in,products/red%20shoe%2B1.jpg,,succeeded,200,,done 0.93\n"
    "in,b.jpg,,succeeded,200,,repeated 0.41 needs_review\n"
    "in,c.txt,,succeeded,200,,rejected not_an_image\n"
    "in,d.txt,,succeeded,200,,repeated not_an_image\n"
)
KILLED = '"Lambda returned function error: {""errorMessage"":""Task timed out\nafter 3.00 seconds""}"'
LOST = (
    f"in,e.jpg,,failed,200,TemporaryFailure,retry store_unavailable\nin,f.jpg,,failed,200,PermanentFailure,{KILLED}\n"
)


class Control:
    """boto3's client of s3control: jobs that are prepared at once. It checks each request against AWS's own model."""

    def __init__(self):
        self.jobs, self.requests = {}, {}

    def __getattr__(self, name):
        operation = "".join(word.capitalize() for word in name.split("_"))

        def call(**request):
            shape = MODEL.operation_model(operation).input_shape
            checked = botocore.validate.ParamValidator().validate(request, shape)
            assert not checked.has_errors(), checked.generate_report()
            assert request["AccountId"] == "123456789012"
            return getattr(self, f"_{name}")(request)

        return call

    def _create_job(self, request):
        token = request["ClientRequestToken"]
        assert len(token) <= 64
        if token not in self.requests:
            job = f"job-{len(self.jobs)}"
            self.requests[token] = job
            self.jobs[job] = {
                **{
                    name: value
                    for name, value in request.items()
                    if name not in ("AccountId", "ClientRequestToken", "Tags")
                },
                "JobId": job,
                "Status": "Suspended",
                "CreationTime": datetime(2026, 11, 20, len(self.jobs), tzinfo=UTC),
                "ProgressSummary": FRESH,
            }
        return {"JobId": self.requests[token]}

    def _describe_job(self, request):
        return {"Job": self.jobs[request["JobId"]]}

    def _update_job_status(self, request):
        wanted = request["RequestedJobStatus"]
        self.jobs[request["JobId"]]["Status"] = "Active" if wanted == "Ready" else wanted

    def _list_jobs(self, _request):
        return {"Jobs": list(self.jobs.values())}
