"""The smoke test for a real account, against the local stack: it passes, and it fails for a stack that is broken."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from handler.local import api, mappings, stack, template, worker
from handler.local.api import Site
from handler.local.environment import client, sealed
from handler.local.stack import Stack
from handler.smoke import __main__ as smoke
from handler.smoke import session
from handler.smoke.steps import CLEAN_UP, STEPS
from tests.handler.web import Web, web

NAMES = [step.name for step in (*STEPS, CLEAN_UP)]


class Names(dict[str, str]):
    """The names of a local stack, with made-up ones for what it does not imitate."""

    def __missing__(self, name: str) -> str:
        return f"<{name}>"


def register(made: Stack, site: Site, **wrong: str) -> None:
    """Register a local stack with the emulated CloudFormation, API Gateway and CloudWatch. wrong: wrong outputs."""
    described, names = template.load(), Names(made.names)
    key = client("apigateway", made.endpoint).create_api_key(name="hairline", value=site.key, enabled=True)
    outputs = {
        name: template.resolve(output["Value"], names, described)
        for name, output in described["Outputs"].items()
        if "Condition" not in output
    }
    outputs |= {"ApiUrl": site.url, "WebhookUrl": f"{site.url}/hooks/", "ApiKeyId": key["id"], **wrong}
    parameters = {"KeyPatterns": "one.jpg,products/*.jpg", "CorsOrigin": "*"}
    body = {
        "Parameters": {name: {"Type": "String"} for name in parameters},
        "Resources": {"Something": {"Type": "AWS::SQS::Queue"}},
        "Outputs": {name: {"Value": value} for name, value in outputs.items()},
    }
    client("cloudformation", made.endpoint).create_stack(
        StackName="hairline",
        TemplateBody=json.dumps(body),
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
    )
    for name in ("hairline", "hairline-2"):
        client("cloudwatch", made.endpoint).put_metric_alarm(
            AlarmName=f"{name}-QueueAgeAlarm-1",
            AlarmDescription=f"{name}: Look at the queue.",
            Namespace="AWS/SQS",
            MetricName="ApproximateAgeOfOldestMessage",
            Statistic="Maximum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=0,
            ComparisonOperator="GreaterThanThreshold",
        )


@pytest.fixture
def made(
    endpoint: str, weights: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Stack, Site]]:
    """A local stack with all its functions at work."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    made = stack.create(endpoint)
    log = tmp_path / "log"
    with (
        worker.start(made, log),
        mappings.polling(made, log),
        api.serving(made, log, parameters={"ApiRate": "1000", "ApiBurst": "1000"}) as site,
    ):
        yield made, site


@pytest.fixture
def receiver(made: tuple[Stack, Site], tmp_path: Path) -> Iterator[Web]:
    """A receiver of callbacks; the secret that they are signed with is registered."""
    secret = "whsec_" + base64.b64encode(bytes(range(32))).decode()
    client("secretsmanager", made[0].endpoint).put_secret_value(
        SecretId=made[0].names["Registry"], SecretString=json.dumps({"callbacks": {"secrets": [secret]}})
    )
    with web(tmp_path, tls=False) as server:
        yield server


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken stack never gives what a step waits for."""
    monkeypatch.setattr(session, "PATIENCE_S", 3)
    monkeypatch.setattr(session, "PAUSE_S", 0.1)


Lines = Callable[..., dict[str, tuple[bool, str]]]


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    """Runs the smoke test in this process. Gives (whether it is ok, what was seen) for each step."""

    def run(*arguments: str) -> dict[str, tuple[bool, str]]:
        status = smoke.main(["hairline", *arguments])
        printed = capsys.readouterr().out.splitlines()[:-1]
        rows = {row[8:].partition(": ")[0]: (row.startswith("ok "), row[8:].partition(": ")[2]) for row in printed}
        assert status == (0 if all(ok for ok, _ in rows.values()) else 1)
        return rows

    return run


def objects(made: Stack) -> list[str]:
    """The keys of all versions in all buckets."""
    s3: Any = made.client("s3")
    found = []
    for bucket in s3.list_buckets()["Buckets"]:
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket["Name"]):
            found += [item["Key"] for item in (*page.get("Versions", []), *page.get("DeleteMarkers", []))]
    return found


def test_a_whole_stack_passes_twice_and_nothing_is_left(made: tuple[Stack, Site], receiver: Web) -> None:
    register(*made)
    receiver.serve("/cb", b"")
    command = [sys.executable, "-m", "handler.smoke", "hairline", "--callback", f"http://127.0.0.1:{receiver.port}/cb"]
    environment = {**sealed(os.environ), "AWS_ENDPOINT_URL": made[0].endpoint}
    for _ in range(2):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stderr == ""
        printed = done.stdout.splitlines()
        assert [line[8:].partition(": ")[0] for line in printed[:-1]] == NAMES
        assert printed[-1] == f"{len(NAMES)} of {len(NAMES)} steps are ok."
    assert len([request for request in receiver.requests if request.path == "/cb"]) == 2
    # Marks of notifications and of deliveries hold no image, and expire.
    assert {key.partition("/")[0] for key in objects(made[0])} <= {"published", "callbacks"}


def test_a_stack_whose_outputs_name_another_bucket_fails(
    made: tuple[Stack, Site], receiver: Web, lines: Lines, impatient: None
) -> None:
    made[0].client("s3").create_bucket(Bucket="another")
    register(*made, OutputBucket="another")
    seen = lines("--callback", f"http://127.0.0.1:{receiver.port}/cb")
    assert {name for name, (ok, _) in seen.items() if not ok} >= {"image", "not an image", "callback"}
    assert "report.json did not come within 3 s. Expected: an image named `a+b %41 ü.jpg`" in seen["image"][1]
    assert list(seen) == NAMES


def test_a_stack_without_its_buckets_fails_step_by_step_and_not_as_a_whole(
    made: tuple[Stack, Site], lines: Lines, impatient: None
) -> None:
    register(*made, InputBucket="gone", ApiUrl="http://127.0.0.1:9/live")
    seen = lines()
    assert list(seen) == NAMES
    assert "NoSuchBucket" in seen["image"][1]
    assert "http://127.0.0.1:9/live/v1/cutouts was not answered" in seen["cutout"][1]
    assert {name for name, (ok, _) in seen.items() if ok} == {"stack", "webhook", "callback", "queues", "alarms"}


def test_a_bucket_that_lets_no_page_upload_is_seen(made: tuple[Stack, Site], lines: Lines, impatient: None) -> None:
    register(*made)
    rule = {"AllowedOrigins": ["*"], "AllowedMethods": ["GET"]}
    made[0].client("s3").put_bucket_cors(Bucket=made[0].input_bucket, CORSConfiguration={"CORSRules": [rule]})
    seen = lines()
    assert not seen["upload preflight"][0]
    assert "methods 'GET'" in seen["upload preflight"][1]


def test_a_dead_letter_and_an_alarm_of_this_stack_are_seen(
    made: tuple[Stack, Site], lines: Lines, impatient: None
) -> None:
    register(*made)
    made[0].client("sqs").send_message(QueueUrl=made[0].dead_letter_queue_url, MessageBody="{}")
    for name in ("hairline", "hairline-2"):
        client("cloudwatch", made[0].endpoint).set_alarm_state(
            AlarmName=f"{name}-QueueAgeAlarm-1", StateValue="ALARM", StateReason="test"
        )
    seen = lines()
    assert seen["queues"] == (
        False,
        "DeadLetterQueueUrl: 1 waiting. Expected: all queues and dead-letter queues are empty.",
    )
    assert seen["alarms"] == (False, "hairline-QueueAgeAlarm-1. Expected: none is in the state ALARM.")


def test_a_stack_that_does_not_exist_is_one_message(
    endpoint: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    assert smoke.main(["nowhere"]) == 1
    printed = capsys.readouterr()
    assert (printed.out, printed.err.count("\n")) == ("", 1)
    assert "--stack nowhere: this account and region have no such stack." in printed.err
