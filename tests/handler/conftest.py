"""S3 and SQS in moto, within this process, with buckets and queues as in the template."""

from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from moto import mock_aws

from handler.aws.bucket import S3Store
from handler.aws.dead_letters import DeadLetters
from handler.config import CutoutConfig
from handler.cutouts.wiring import Deps
from pipeline.models import MODELS
from tests.handler.web import web

INPUT, OUTPUT = "hairline-input-123456789012-us-east-1", "hairline-output-123456789012-us-east-1"
"""As in events/."""


@dataclass(frozen=True)
class Cloud:
    """boto3's clients, with shortcuts for the two buckets and the queue."""

    s3: Any
    sqs: Any
    dead_letter_queue_url: str

    def drop(self, key: str, data: bytes, **kwargs: Any) -> None:
        self.s3.put_object(Bucket=INPUT, Key=key, Body=data, **kwargs)

    def outputs(self) -> dict[str, bytes]:
        """Every object of the output bucket."""
        listed = self.s3.list_objects_v2(Bucket=OUTPUT).get("Contents", [])
        return {item["Key"]: self.read(item["Key"]) for item in listed}

    def read(self, key: str) -> bytes:
        body: bytes = self.s3.get_object(Bucket=OUTPUT, Key=key)["Body"].read()
        return body

    def dead(self) -> list[dict[str, Any]]:
        """The messages of the dead-letter queue."""
        found: list[dict[str, Any]] = self.sqs.receive_message(
            QueueUrl=self.dead_letter_queue_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages", [])
        return found

    def env(self, **more: str) -> dict[str, str]:
        return {
            "HAIRLINE_INPUT_BUCKET": INPUT,
            "HAIRLINE_OUTPUT_BUCKET": OUTPUT,
            "HAIRLINE_DEAD_LETTER_QUEUE_URL": self.dead_letter_queue_url,
            **more,
        }


@pytest.fixture
def net(tmp_path):
    """A small internet on this machine."""
    with web(tmp_path) as made:
        yield made


@pytest.fixture
def cloud(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "local")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with mock_aws():
        s3, sqs = boto3.client("s3"), boto3.client("sqs")
        for bucket in (INPUT, OUTPUT):
            s3.create_bucket(Bucket=bucket)
        s3.put_bucket_versioning(Bucket=INPUT, VersioningConfiguration={"Status": "Enabled"})
        yield Cloud(s3, sqs, sqs.create_queue(QueueName="dead")["QueueUrl"])


class Remembering:
    """The real model, which runs once for each image: the handler's tests cut the same few repeatedly."""

    def __init__(self, segmenter):
        self.spec, self._segmenter, self._answers = segmenter.spec, segmenter, {}

    def segment(self, picture):
        seen = picture.rgb.shape, picture.rgb.tobytes()
        if seen not in self._answers:
            self._answers[seen] = self._segmenter.segment(picture)
        return self._answers[seen]


@pytest.fixture(scope="session")
def remembering(segmenter):
    return Remembering(segmenter)


@pytest.fixture
def deps(cloud, remembering):
    """The handler's own wiring, except the model, which all tests share."""
    config = CutoutConfig.from_env(cloud.env())
    dead_letters = DeadLetters(cloud.sqs, config.dead_letter_queue_url)
    return Deps(config, S3Store(cloud.s3), MODELS["u2netp"], remembering, dead_letters)
