"""A deployment's stack and functions, and jobs of S3 Batch Operations, in the form of AWS's service models."""

from datetime import UTC, datetime

import boto3
import pytest
from botocore.stub import Stubber

from handler.aws import deployment
from handler.aws.batch_jobs import BatchJobs
from handler.aws.deployment import FunctionFacts, Usage
from handler.errors import BadConfig, StoreUnavailable

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:hairline-BackfillFunction"
NOW = datetime(2026, 11, 20, tzinfo=UTC)


def stubbed(service):
    made = boto3.client(service, region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
    return made, Stubber(made)


@pytest.fixture
def aws(monkeypatch):
    """Returns a client's stub by the service's name."""
    made = {name: stubbed(name) for name in ("cloudformation", "lambda", "cloudwatch")}
    monkeypatch.setattr(deployment, "client", lambda service, _: made[service][0])
    for _, stub in made.values():
        stub.activate()
    return {name: stub for name, (_, stub) in made.items()}


def described(outputs):
    rows = [{"OutputKey": name, "OutputValue": value} for name, value in outputs.items()]
    return {
        "Stacks": [{"StackName": "hairline", "CreationTime": NOW, "StackStatus": "CREATE_COMPLETE", "Outputs": rows}]
    }


def test_the_outputs_of_a_stack(aws):
    outputs = {"BackfillFunctionArn": ARN, "InputBucket": "in"}
    aws["cloudformation"].add_response("describe_stacks", described(outputs), {"StackName": "hairline"})
    assert deployment.outputs("hairline") == outputs


def test_a_stack_that_is_not_hairlines_is_named(aws):
    aws["cloudformation"].add_response("describe_stacks", described({}))
    with pytest.raises(BadConfig, match="--stack other: the stack has no output BackfillFunctionArn"):
        deployment.outputs("other")


def test_a_missing_stack_is_named(aws):
    aws["cloudformation"].add_client_error("describe_stacks", "ValidationError", "Stack hairline does not exist")
    with pytest.raises(BadConfig, match=r"^--stack hairline: this account and region have no such stack\. Give"):
        deployment.outputs("hairline")


def test_a_stack_that_cannot_be_read_is_a_failure_that_quotes_aws(aws):
    aws["cloudformation"].add_client_error("describe_stacks", "AccessDenied", "not authorized")
    with pytest.raises(StoreUnavailable, match=r"read the stack hairline.*not authorized"):
        deployment.outputs("hairline")


@pytest.mark.parametrize(("answer", "reserved"), [({}, None), ({"ReservedConcurrentExecutions": 0}, 0)])
def test_the_facts_of_a_deployed_function_are_read(aws, answer, reserved):
    found = {"Environment": {"Variables": {"HAIRLINE_INPUT_BUCKET": "in"}}, "MemorySize": 3008}
    aws["lambda"].add_response("get_function_configuration", found, {"FunctionName": ARN})
    aws["lambda"].add_response("get_function_concurrency", answer, {"FunctionName": ARN})
    assert deployment.function(ARN) == FunctionFacts({"HAIRLINE_INPUT_BUCKET": "in"}, 3008, reserved)


def test_settings_that_the_caller_may_not_decrypt_are_a_failure_that_says_what_is_missing(aws):
    """Lambda then answers all the same, with the reason in the place of the variables."""
    denied = {"ErrorCode": "AccessDeniedException", "Message": "Lambda was unable to decrypt the variables"}
    found = {"Environment": {"Error": denied}, "MemorySize": 3008}
    aws["lambda"].add_response("get_function_configuration", found, {"FunctionName": ARN})
    aws["lambda"].add_response("get_function_concurrency", {}, {"FunctionName": ARN})
    with pytest.raises(StoreUnavailable, match=r"^The settings of arn:.* unable to decrypt .*kms:Decrypt"):
        deployment.function(ARN)


def test_what_a_function_used_is_the_sum_of_its_metrics(aws):
    for points in ([{"Sum": 1500.0}, {"Sum": 500.0}], [{"Sum": 3.0}]):
        aws["cloudwatch"].add_response("get_metric_statistics", {"Datapoints": points})
    assert deployment.usage(ARN, NOW, NOW) == Usage(2000.0, 3)


def test_a_stacks_jobs_are_found_newest_first():
    control, stub = stubbed("s3control")
    jobs = [
        {"JobId": f"job-{n}", "Description": name, "CreationTime": NOW.replace(hour=n), "Status": "Active"}
        for n, name in enumerate(["mine", "other", "mine"])
    ]
    with stub:
        stub.add_response("list_jobs", {"Jobs": jobs[:1], "NextToken": "x"}, {"AccountId": "123456789012"})
        more = {"AccountId": "123456789012", "NextToken": "x"}
        stub.add_response("list_jobs", {"Jobs": jobs[1:]}, more)
        found = BatchJobs(control, "123456789012").described_as("mine")
    assert [job["JobId"] for job in found] == ["job-2", "job-0"]


def test_a_failure_of_s3_batch_operations_is_quoted():
    control, stub = stubbed("s3control")
    stub.add_client_error("update_job_status", "JobStatusException", "The job has ended.")
    stub.activate()
    with pytest.raises(StoreUnavailable, match="JobStatusException"):
        BatchJobs(control, "123456789012").request_status("job-1", "Cancelled")
