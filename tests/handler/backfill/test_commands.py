"""The command line, with S3 as moto plays it and S3 Batch Operations as its interface describes it."""

import csv
import io
import json
from datetime import UTC, datetime

import pytest

from handler.aws import deployment
from handler.aws.deployment import FunctionFacts, Usage
from handler.backfill import __main__ as command_line
from handler.backfill import site
from handler.backfill.arguments import Arguments
from tests.handler.backfill.batch_operations import JOB, STATE, Control
from tests.handler.backfill.test_app import KEY, result
from tests.handler.conftest import INPUT

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:hairline-BackfillFunction"
ROLE = "arn:aws:iam::123456789012:role/job"


@pytest.fixture
def control():
    return Control()


@pytest.fixture
def run(cloud, control, state, backfill_env, monkeypatch):
    outputs = {"InputBucket": INPUT, "StateBucket": STATE, "BackfillFunctionArn": ARN, "BackfillJobRoleArn": ROLE}
    monkeypatch.setattr(deployment, "outputs", lambda _: outputs)
    monkeypatch.setattr(deployment, "function", lambda _: FunctionFacts(backfill_env, 3008, 200))
    monkeypatch.setattr(deployment, "usage", lambda *_: Usage(3_600_000, 3600))
    monkeypatch.setattr(site, "client", lambda service, _: control if service == "s3control" else cloud.s3)
    return lambda *argv: command_line.main(["--stack", "hairline", *argv])


def only(control):
    (job,) = control.jobs.values()
    return job


def test_a_plan_counts_and_estimates(cloud, run, backfill_deps, photo, capsys):
    cloud.drop(KEY, photo)
    result()
    cloud.drop("new.jpg", photo)
    cloud.drop("notes.txt", b"x")
    capsys.readouterr()
    assert run("plan", "--containers", "1", "10") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:5]] == ["1", "1", "0", "1", "0"]
    assert "$0.25" in lines[6]
    assert [line.split() for line in lines[-2:]] == [["1", "0.0"], ["10", "0.0"]]


def test_a_plan_can_look_for_outdated_results(cloud, run, backfill_deps, backfill_env, photo, capsys):
    cloud.drop(KEY, photo)
    result()
    assert run("plan", "--only", "outdated") == 0
    assert "0  images to cut" in capsys.readouterr().out
    backfill_env["HAIRLINE_OPTIONS"] = '{"format": "webp"}'
    assert run("plan", "--only", "outdated") == 0
    assert "1  images to cut" in capsys.readouterr().out


def test_a_start_asks_with_the_count_and_the_price_and_runs_after_a_yes(run, control, monkeypatch, capsys):
    asked = []
    monkeypatch.setattr("builtins.input", lambda question: asked.append(question) or "y")
    names = ("--prefix", "products/", "--suffix", ".jpg")
    filters = (*names, "--after", "2026-11-01", "--min-bytes", "10", "--max-bytes", "20")
    options = ("--options", '{"marketplaces": ["ebay"]}', "--reuse-mattes", "--tag", "team=shop", "--priority", "3")
    assert run("start", *filters, *options) == 0
    assert asked[0].startswith("5,000,000 images: at most $")
    assert "6.9 hours with 200 containers" in asked[0]
    job = only(control)
    assert job["Status"] == "Active"
    assert job["Priority"] == 3
    invoked = job["Operation"]["LambdaInvoke"]
    assert invoked["FunctionArn"] == ARN
    assert invoked["InvocationSchemaVersion"] == "2.0"
    assert Arguments.parse(invoked["UserArguments"]) == Arguments({"marketplaces": ["ebay"]}, reuse_mattes=True)
    made = job["ManifestGenerator"]["S3JobManifestGenerator"]
    assert made["SourceBucket"] == f"arn:aws:s3:::{INPUT}"
    assert made["Filter"] == {
        "KeyNameConstraint": {"MatchAnyPrefix": ["products/"], "MatchAnySuffix": [".jpg"]},
        "CreatedAfter": datetime(2026, 11, 1, tzinfo=UTC),
        "ObjectSizeGreaterThanBytes": 9,
        "ObjectSizeLessThanBytes": 21,
    }


def test_a_second_start_while_one_runs_starts_nothing(run, control, capsys):
    assert run("start", "--yes") == 0
    assert run("start", "--yes") == 1
    assert len(control.jobs) == 1
    assert "job-0 has not ended" in capsys.readouterr().out


def test_without_a_yes_the_job_waits_and_resume_runs_it(run, control, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda _: "")
    assert run("start") == 1
    assert only(control)["Status"] == "Suspended"
    assert run("resume", "--yes") == 0
    assert only(control)["Status"] == "Active"
    assert run("resume", "job-0", "--yes") == 0  # it runs already


def test_a_job_waits_for_confirmation_if_there_is_no_terminal(run, control, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert run("start") == 1
    assert only(control)["Status"] == "Suspended"
    assert "It waits. `resume job-0` runs it" in capsys.readouterr().out


def test_a_job_that_has_ended_is_not_called_stopped(run, control, capsys):
    run("start", "--yes")
    only(control)["Status"] = "Complete"
    assert run("stop") == 0
    assert capsys.readouterr().out.splitlines()[-1] == "The backfill job-0 has ended already: Complete."
    assert only(control)["Status"] == "Complete"


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        (("--after", "tomorrow"), "argument --after: 'tomorrow' is not a day or time. Write it as 2026-11-01."),
        (("--tag", "shoes"), "argument --tag: 'shoes' is not a tag. Write it as NAME=VALUE."),
        (("--tag", "=x"), "argument --tag: '=x' is not a tag. Write it as NAME=VALUE."),
    ],
)
def test_an_argument_of_another_form_is_named(run, control, capsys, argument, message):
    with pytest.raises(SystemExit) as end:
        run("start", *argument)
    assert end.value.code == 2
    assert message in capsys.readouterr().err
    assert control.jobs == {}


@pytest.mark.parametrize("word", ["stop", "pause"])
def test_a_stopped_job_continues_as_one_new_job_with_the_same_images(run, control, word):
    run("start", "--yes", "--prefix", "products/")
    assert run(word) == 0
    assert run(word) == 0  # again
    assert only(control)["Status"] == "Cancelled"
    assert run("resume", "job-0", "--yes") == 0
    assert run("resume", "job-0", "--yes") == 0  # again: the same job
    assert list(control.jobs) == ["job-0", "job-1"]
    for part in ("ManifestGenerator", "Operation", "Report", "RoleArn", "Priority"):
        assert control.jobs["job-1"][part] == control.jobs["job-0"][part]
    assert control.jobs["job-1"]["Status"] == "Active"


def test_only_missing_results_go_into_a_manifest(cloud, run, backfill_deps, control, photo):
    cloud.drop(KEY, photo)
    result()
    cloud.drop("new one.jpg", photo)
    assert run("start", "--only", "missing", "--yes") == 0
    manifest = only(control)["Manifest"]
    key = manifest["Location"]["ObjectArn"].removeprefix(f"arn:aws:s3:::{STATE}/")
    assert cloud.s3.get_object(Bucket=STATE, Key=key)["Body"].read().decode() == f"{INPUT},new%20one.jpg\n"
    run("stop")
    run("resume", "--yes")
    assert control.jobs["job-1"]["Manifest"] == manifest


def test_a_deployment_without_containers_starts_nothing(run, backfill_env, control, monkeypatch, capsys):
    monkeypatch.setattr(deployment, "function", lambda _: FunctionFacts(backfill_env, 3008, None))
    assert run("start", "--yes") == 2
    assert "BackfillConcurrency=100" in capsys.readouterr().err
    assert control.jobs == {}


@pytest.mark.parametrize("options", ['{"format": "psd"}', "nonsense", json.dumps({"background": "#" + "f" * 1100})])
def test_bad_options_start_nothing(run, control, options, capsys):
    assert run("start", "--yes", "--options", options) == 2
    assert control.jobs == {}
    assert capsys.readouterr().err


def test_a_list_that_s3_cannot_prepare_is_reported(run, control, monkeypatch, capsys):
    original = Control._create_job

    def failing(self, request):
        reply = original(self, request)
        job = self.jobs[reply["JobId"]]
        job["Status"] = "Failed"
        job["FailureReasons"] = [{"FailureCode": "ManifestEmpty", "FailureReason": "No objects."}]
        return reply

    monkeypatch.setattr(Control, "_create_job", failing)
    assert run("start", "--yes") == 2
    assert "job-0: No objects." in capsys.readouterr().err


def test_status_shows_progress_speed_and_cost(run, control, capsys):
    run("start", "--yes")
    only(control)["ProgressSummary"] = {
        "TotalNumberOfTasks": 5_000_000,
        "NumberOfTasksSucceeded": 990_000,
        "NumberOfTasksFailed": 10_000,
        "Timers": {"ElapsedTimeInActiveSeconds": 5000},
    }
    capsys.readouterr()
    assert run("status") == 0
    text = capsys.readouterr().out
    assert "job-0  Active" in text
    assert " 20%" in text
    assert "200.00 images/s" in text
    assert "5:33:20" in text  # four times as long as so far
    assert "10,000 have failed" in text
    assert "So far $1." in text  # an hour of 3,008 MB, 3,600 calls, and 1,000,000 tasks


def test_status_and_report_of_a_job_that_has_ended(run, control, state, capsys):
    run("start", "--yes")
    control.jobs[JOB] = {**control.jobs.pop("job-0"), "JobId": JOB, "Status": "Complete"}
    assert run("status") == 0
    text = capsys.readouterr().out
    for line in ("2  failed", "1  rejected", "2  not_an_image", "1  need review"):
        assert line in text
    assert run("report") == 1
    captured = capsys.readouterr()
    table = list(csv.DictReader(io.StringIO(captured.out)))
    assert [row["key"] for row in table] == ["e.jpg", "f.jpg", "c.txt", "d.txt", "b.jpg"]
    assert table[-1] | {"message": ""} == {
        "key": "b.jpg", "outcome": "repeated", "code": "", "confidence": "0.41", "needs_review": "yes", "message": "",
    }  # fmt: skip
    assert captured.err.startswith("6 images: ")
    assert "1 need review" in captured.err


def test_a_job_that_runs_has_no_report(run, control, capsys):
    run("start", "--yes")
    assert run("report") == 2
    assert "S3 writes it when the job has ended" in capsys.readouterr().err


def test_a_stack_without_a_backfill_is_named(run, capsys):
    assert run("status") == 2
    assert "The stack hairline has had no backfill" in capsys.readouterr().err
