"""Tasks as S3 Batch Operations sends them to a function, one at a time, in its schemas 1.0 and 2.0.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-invoke-lambda.html
"""

from collections.abc import Mapping
from typing import Any, Literal

from aws_lambda_powertools.utilities.data_classes import S3BatchOperationEvent, S3BatchOperationResponse

from handler.dispositions import ALARM, REJECT, RETRY
from handler.errors import BadEvent, code
from handler.jobs import Job, ObjectRef, Outcome, Status

RESULT_CODES: Mapping[Status, Literal["Succeeded", "TemporaryFailure", "PermanentFailure"]] = {
    "done": "Succeeded",
    "repeated": "Succeeded",
    # S3 stops a job of which more than half has failed. A bucket full of files that are not images must not stop it.
    REJECT: "Succeeded",
    RETRY: "TemporaryFailure",
    ALARM: "PermanentFailure",
}
"""S3 sends a task with a temporary failure again before the job ends."""


def parse(event: Mapping[str, Any]) -> tuple[Job, Mapping[str, str]]:
    """The task's job, and the arguments of the whole backfill (schema 2.0 only). Keys are URL-encoded in both schemas.

    Raises BadEvent.
    """
    try:
        read = S3BatchOperationEvent(dict(event))
        (task,) = read.tasks
        job, arguments = Job(ObjectRef(task.s3_bucket, task.s3_key), task.s3_version_id), read.job.user_arguments
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadEvent(f"The event is not one task of S3 Batch Operations: {error!r}.") from error
    return job, arguments


def reply(event: Mapping[str, Any], outcome: Outcome) -> dict[str, Any]:
    """The response to `event` that S3 expects of the function."""
    read = S3BatchOperationEvent(dict(event))
    response = S3BatchOperationResponse(read.invocation_schema_version, read.invocation_id, "PermanentFailure")
    response.add_result(read.task.build_task_batch_response(RESULT_CODES[outcome.status], result_string(outcome)))
    return response.asdict()


def result_string(outcome: Outcome) -> str:
    """The text for one task in the completion report, in words to filter by.

    First the outcome. Then the confidence of a cutout, and `needs_review` if a person should check it; or the code of
    the error: "done 0.93", "repeated 0.41 needs_review", "rejected no_subject", "retry store_unavailable".
    """
    report = outcome.report
    if report is not None and report["status"] == "done":
        quality = report["quality"]
        words = [outcome.status, f"{quality['confidence']:.2f}", *["needs_review"] * quality["needs_review"]]
    elif report is not None:
        words = [outcome.status, report["reason"]["code"]]
    else:
        words = [outcome.status, *([] if outcome.error is None else [code(outcome.error)])]
    return " ".join(words)
