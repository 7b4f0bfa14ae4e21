"""The emulator holds what template.yaml describes."""

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from urllib.parse import unquote_plus

import pytest

from handler.config import CutoutConfig
from handler.local import stack, template
from handler.local.emulator import emulator


def test_queues_are_as_the_template_says(endpoint: str) -> None:
    made = stack.create(endpoint)
    described = template.properties(template.load(), "Queue")
    sqs = made.client("sqs")
    queue = sqs.get_queue_attributes(QueueUrl=made.queue_url, AttributeNames=["All"])["Attributes"]
    dead = sqs.get_queue_attributes(QueueUrl=made.dead_letter_queue_url, AttributeNames=["All"])["Attributes"]
    assert int(queue["VisibilityTimeout"]) == 6 * made.timeout_s
    assert int(queue["MessageRetentionPeriod"]) == described["MessageRetentionPeriod"]
    given_up = sqs.get_queue_attributes(QueueUrl=made.names["GivenUpQueue"], AttributeNames=["All"])["Attributes"]
    assert json.loads(queue["RedrivePolicy"]) == {
        "deadLetterTargetArn": given_up["QueueArn"],
        "maxReceiveCount": described["RedrivePolicy"]["maxReceiveCount"],
    }
    assert json.loads(given_up["RedrivePolicy"])["deadLetterTargetArn"] == dead["QueueArn"]
    assert "RedrivePolicy" not in dead


@pytest.mark.parametrize("versioned", [True, False])
def test_only_the_input_bucket_has_versions(endpoint: str, versioned: bool) -> None:
    made = stack.create(endpoint, versioned=versioned)
    s3 = made.client("s3")
    assert s3.get_bucket_versioning(Bucket=made.input_bucket).get("Status") == ("Enabled" if versioned else None)
    assert "Status" not in s3.get_bucket_versioning(Bucket=made.output_bucket)


def test_a_dropped_object_and_the_test_event_arrive_in_the_queue(endpoint: str) -> None:
    made = stack.create(endpoint)
    made.client("s3").put_object(Bucket=made.input_bucket, Key="a b+c%41 \u00fc.png", Body=b"x")
    made.client("s3").put_object(Bucket=made.output_bucket, Key="a.png", Body=b"x")
    messages = made.client("sqs").receive_message(QueueUrl=made.queue_url, MaxNumberOfMessages=10)["Messages"]
    test, put = (json.loads(message["Body"]) for message in messages)
    assert test["Event"] == "s3:TestEvent"
    assert [record["s3"]["object"]["key"] for record in put["Records"]] == ["a+b%2Bc%2541+%C3%BC.png"]


def test_the_variables_make_a_configuration(endpoint: str) -> None:
    made = stack.create(endpoint)
    config = CutoutConfig.from_env(made.variables)
    assert (config.input_bucket, config.output_bucket) == (made.input_bucket, made.output_bucket)
    assert config.dead_letter_queue_url == made.dead_letter_queue_url
    assert (config.model.folder / config.model.model.file).exists()


def test_departures_from_the_template(endpoint: str) -> None:
    made = stack.create(endpoint, visibility_s=7, batch_size=4)
    answer = made.client("sqs").get_queue_attributes(QueueUrl=made.queue_url, AttributeNames=["VisibilityTimeout"])
    assert answer["Attributes"]["VisibilityTimeout"] == "7"
    assert made.batch_size == 4


def _answers(endpoint: str) -> bool:
    try:
        urllib.request.urlopen(f"{endpoint}/moto-api/", timeout=5).close()
    except (urllib.error.URLError, ConnectionError):
        return False
    return True


def test_the_emulator_stops_with_its_block() -> None:
    with emulator() as endpoint:
        assert _answers(endpoint)
    assert not _answers(endpoint)


def test_the_emulator_stops_when_its_parent_is_killed() -> None:
    code = (
        "import sys\nfrom handler.local.emulator import emulator\n"
        "with emulator() as endpoint:\n    print(endpoint, flush=True)\n    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        endpoint = parent.stdout.readline().strip()
        assert _answers(endpoint)
        parent.kill()
        parent.wait()
        # Its port closes soon; how soon is the machine's business, so only the test's own patience has an end.
        for _ in range(300):
            if not _answers(endpoint):
                return
            time.sleep(0.1)
    pytest.fail(f"The emulator at {endpoint} outlived the process that started it.")


@pytest.mark.slow
def test_a_missing_moto_is_said_plainly() -> None:
    code = (
        "import sys\nsys.modules['moto'] = None\nsys.argv = ['local', 'serve']\n"
        "import runpy\nrunpy.run_module('handler.local', run_name='__main__')\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "pip install 'moto[server,s3,sqs]'" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_only_keys_of_the_filter_reach_the_queue(endpoint: str) -> None:
    made = stack.create(endpoint, parameters={"KeyPrefix": "in/", "KeySuffix": ".jpg"})
    for key in ("in/a b.jpg", "in/a.png", "out/a.jpg"):
        made.client("s3").put_object(Bucket=made.input_bucket, Key=key, Body=b"x")
    received = made.client("sqs").receive_message(QueueUrl=made.queue_url, MaxNumberOfMessages=10)["Messages"]
    records = [record for message in received for record in json.loads(message["Body"]).get("Records", [])]
    assert [unquote_plus(record["s3"]["object"]["key"]) for record in records] == ["in/a b.jpg"]
