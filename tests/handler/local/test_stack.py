"""The emulator contains the resources of template.yaml."""

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

from handler.config import CutoutConfig
from handler.events import sqs
from handler.local import stack, template
from handler.local.emulator import emulator
from handler.local.stack import Stack


def test_queues_are_as_the_template_says(endpoint: str) -> None:
    made = stack.create(endpoint)
    described = template.properties(template.load(), "UploadQueue")

    def attributes(name: str) -> dict[str, str]:
        answer = made.client("sqs").get_queue_attributes(QueueUrl=made.names[name], AttributeNames=["All"])
        found: dict[str, str] = answer["Attributes"]
        return found

    queue, given_up, dead = map(attributes, ("UploadQueue", "GivenUpQueue", "DeadLetterQueue"))
    assert int(queue["VisibilityTimeout"]) == 6 * made.timeout_s
    assert int(queue["MessageRetentionPeriod"]) == described["MessageRetentionPeriod"]
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


def test_buckets_let_pages_of_the_origin_upload_and_download(endpoint: str) -> None:
    made = stack.create(endpoint, parameters={"CorsOrigin": "https://shop.example"})
    found = {
        bucket: made.client("s3").get_bucket_cors(Bucket=bucket)["CORSRules"]
        for bucket in (made.input_bucket, made.output_bucket)
    }
    shared = {"AllowedOrigins": ["https://shop.example"], "AllowedHeaders": ["*"], "ExposeHeaders": ["ETag"]}
    assert found == {
        made.input_bucket: [{**shared, "AllowedMethods": ["GET", "POST"], "MaxAgeSeconds": 3600}],
        made.output_bucket: [{**shared, "AllowedMethods": ["GET", "HEAD"], "MaxAgeSeconds": 3600}],
    }


def arrived(made: Stack, queue: str) -> list[str]:
    """The keys of the objects whose events are in a queue of images."""
    messages = made.client("sqs").receive_message(QueueUrl=made.names[queue], MaxNumberOfMessages=10)
    return sorted(job.source.key for each in messages.get("Messages", []) for job in sqs.parse(each["Body"]))


JOB, SHOP = "api/a1b2c3/0f9e8d", "shops/spring/spring.example/7/front"
PLAIN = ["a b+c%41 \u00fc.png", "apis/a.png", "products/a.jpg", "shops.png"]


def test_each_kind_of_image_has_a_queue_of_its_own(endpoint: str) -> None:
    made = stack.create(endpoint)
    for key in (JOB, SHOP, *PLAIN):
        made.client("s3").put_object(Bucket=made.input_bucket, Key=key, Body=b"x")
    made.client("s3").put_object(Bucket=made.output_bucket, Key="a.png", Body=b"x")
    assert arrived(made, "UploadQueue") == sorted(PLAIN)
    assert arrived(made, "ShopQueue") == [SHOP]
    assert arrived(made, "JobQueue") == [JOB]


def test_the_variables_make_a_configuration(endpoint: str) -> None:
    made = stack.create(endpoint)
    config = CutoutConfig.from_env(made.variables)
    assert (config.input_bucket, config.output_bucket) == (made.input_bucket, made.output_bucket)
    assert config.dead_letter_queue_url == made.dead_letter_queue_url
    assert (config.model.folder / f"{config.model.name}.onnx").exists()


def test_the_local_stack_may_depart_from_the_template(endpoint: str) -> None:
    made = stack.create(endpoint, visibility_s=7, batch_size=4)
    answer = made.client("sqs").get_queue_attributes(
        QueueUrl=made.names["UploadQueue"], AttributeNames=["VisibilityTimeout"]
    )
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
def test_a_missing_emulator_is_named() -> None:
    code = (
        "import sys\nsys.modules['moto'] = None\nsys.argv = ['local', 'serve']\n"
        "import runpy\nrunpy.run_module('handler.local', run_name='__main__')\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "pip install 'moto[server,s3,sqs]'" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_key_patterns_choose_among_uploads_and_leave_jobs_and_shops_alone(endpoint: str) -> None:
    made = stack.create(endpoint, parameters={"KeyPatterns": "in/*.jpg,new/*"})
    for key in ("in/a b.jpg", "in/a.png", "new/x/b.webp", "out/a.jpg", "a.jpg", JOB, SHOP):
        made.client("s3").put_object(Bucket=made.input_bucket, Key=key, Body=b"x")
    assert arrived(made, "UploadQueue") == ["in/a b.jpg", "new/x/b.webp"]
    assert arrived(made, "ShopQueue") == [SHOP]
    assert arrived(made, "JobQueue") == [JOB]
