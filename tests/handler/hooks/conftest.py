"""Queues, buckets and an event bus in moto, for the tests of webhooks."""

import functools
import json
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from moto import mock_aws

from handler.aws.bucket import S3Store
from handler.aws.dead_letters import DeadLetters
from handler.aws.documents import DocumentStore
from handler.aws.event_bus import EventBridgePublisher, EventBus
from handler.aws.queue import Queue
from handler.aws.registry_secret import Secret
from handler.hooks.registry import Registry
from handler.untrusted.guard import Policy
from tests.handler.hooks.shops import DOCUMENT, Entries

STATE, INPUT = "state", "input"


@dataclass(frozen=True)
class World:
    """boto3's clients, the URLs of the queues by their names, and the registry's document, which tests may change."""

    s3: Any
    sqs: Any
    events: Any
    urls: dict[str, str]
    entries: Entries

    @property
    def registry(self) -> Registry:
        return Registry(Secret(self.entries, "registry"), Policy())

    @property
    def state(self) -> DocumentStore:
        return DocumentStore(S3Store(self.s3), STATE)

    @property
    def bus(self) -> EventBridgePublisher:
        return EventBridgePublisher(EventBus(self.events, "default"), self.queue("callbacks"), self.state)

    @property
    def dead_letters(self) -> DeadLetters:
        return DeadLetters(self.sqs, self.urls["dead"])

    def queue(self, name: str) -> Queue:
        return Queue(self.sqs, self.urls[name])

    def messages(self, name: str) -> list[Any]:
        """Receive and delete all visible messages of a queue; return their decoded bodies."""
        found = []
        while batch := self.sqs.receive_message(QueueUrl=self.urls[name], MaxNumberOfMessages=10).get("Messages"):
            for message in batch:
                self.sqs.delete_message(QueueUrl=self.urls[name], ReceiptHandle=message["ReceiptHandle"])
                found.append(json.loads(message["Body"]))
        return found

    def originals(self) -> dict[str, dict[str, Any]]:
        """The response to a HEAD of each object in the input bucket, by key."""
        listed = self.s3.list_objects_v2(Bucket=INPUT).get("Contents", [])
        return {item["Key"]: self.s3.head_object(Bucket=INPUT, Key=item["Key"]) for item in listed}


@functools.cache  # making one takes a quarter of a second; moto also serves clients that are older than its start
def client(service: str) -> Any:
    session = boto3.Session(aws_access_key_id="local", aws_secret_access_key="local", region_name="us-east-1")
    return session.client(service)


@pytest.fixture
def world(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "local")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with mock_aws():
        s3, sqs, events = client("s3"), client("sqs"), client("events")
        for bucket in (STATE, INPUT):
            s3.create_bucket(Bucket=bucket)
        s3.put_bucket_versioning(Bucket=INPUT, VersioningConfiguration={"Status": "Enabled"})
        urls = {
            name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("fetch", "callbacks", "dead", "published")
        }
        arn = sqs.get_queue_attributes(QueueUrl=urls["published"], AttributeNames=["QueueArn"])["Attributes"][
            "QueueArn"
        ]
        events.put_rule(Name="published", EventPattern=json.dumps({"source": ["hairline"]}))
        events.put_targets(Rule="published", Targets=[{"Id": "published", "Arn": arn}])
        yield World(s3, sqs, events, urls, Entries(DOCUMENT))
