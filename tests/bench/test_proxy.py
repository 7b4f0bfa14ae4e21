"""The proxy in front of moto, used by boto3 as the handler uses it."""

from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from bench.proxy import Fault, Proxy
from handler.local.environment import client

BODY = bytes(range(256)) * 4096  # more than the sockets' buffers hold


@pytest.fixture
def bucket(endpoint: str) -> Any:
    made = client("s3", endpoint)
    made.create_bucket(Bucket="pictures")
    return made


def impatient(endpoint: str) -> Any:
    """A client without retries, so that each fault shows."""
    return boto3.client("s3", endpoint_url=endpoint, config=Config(retries={"total_max_attempts": 1}))


def test_the_proxy_without_faults_changes_nothing(endpoint: str, bucket: Any) -> None:
    asked = []
    with Proxy(endpoint, lambda method, path: asked.append((method, path))) as proxy:
        s3 = impatient(proxy.endpoint)
        s3.put_object(
            Bucket="pictures", Key="a b+ü.jpg", Body=BODY, ContentType="image/jpeg", Metadata={"hairline": "{}"}
        )
        assert s3.head_object(Bucket="pictures", Key="a b+ü.jpg")["ContentLength"] == len(BODY)
        assert s3.get_object(Bucket="pictures", Key="a b+ü.jpg")["Body"].read() == BODY
        assert [item["Key"] for item in s3.list_objects_v2(Bucket="pictures")["Contents"]] == ["a b+ü.jpg"]
        s3.delete_object(Bucket="pictures", Key="a b+ü.jpg")
    assert [method for method, _ in asked] == ["PUT", "HEAD", "GET", "GET", "DELETE"]
    assert all(path.startswith("/pictures") for _, path in asked)
    assert "Contents" not in bucket.list_objects_v2(Bucket="pictures")


@pytest.mark.parametrize(
    ("fault", "carried_out"), [(Fault.BUSY, False), (Fault.RESET, False), (Fault.LOST_ANSWER, True)]
)
def test_a_write_fails_before_or_after_it_takes_effect(
    endpoint: str, bucket: Any, fault: Fault, carried_out: bool
) -> None:
    with Proxy(endpoint, lambda *_: fault) as proxy, pytest.raises((ClientError, BotoCoreError)):
        impatient(proxy.endpoint).put_object(Bucket="pictures", Key="a.jpg", Body=BODY)
    assert ("Contents" in bucket.list_objects_v2(Bucket="pictures")) is carried_out


@pytest.mark.parametrize("fault", Fault)
def test_a_read_fails_and_never_gives_wrong_bytes(endpoint: str, bucket: Any, fault: Fault) -> None:
    bucket.put_object(Bucket="pictures", Key="a.jpg", Body=BODY)
    with Proxy(endpoint, lambda *_: fault) as proxy, pytest.raises((ClientError, BotoCoreError)):
        impatient(proxy.endpoint).get_object(Bucket="pictures", Key="a.jpg")["Body"].read()


def test_a_busy_service_responds_slow_down(endpoint: str, bucket: Any) -> None:
    with Proxy(endpoint, lambda *_: Fault.BUSY) as proxy, pytest.raises(ClientError) as caught:
        impatient(proxy.endpoint).list_objects_v2(Bucket="pictures")
    assert caught.value.response["Error"]["Code"] == "SlowDown"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503


def test_a_client_with_retries_overcomes_a_fault(endpoint: str, bucket: Any) -> None:
    bucket.put_object(Bucket="pictures", Key="a.jpg", Body=BODY)
    faults = [Fault.BUSY, Fault.RESET]
    with Proxy(endpoint, lambda *_: faults.pop() if faults else None) as proxy:
        s3 = boto3.client("s3", endpoint_url=proxy.endpoint, config=Config(retries={"mode": "standard"}))
        assert s3.get_object(Bucket="pictures", Key="a.jpg")["Body"].read() == BODY


def test_requests_to_the_queue_never_fail(endpoint: str) -> None:
    with Proxy(endpoint, lambda *_: Fault.BUSY) as proxy:
        sqs = boto3.client("sqs", endpoint_url=proxy.endpoint, config=Config(retries={"total_max_attempts": 1}))
        assert sqs.create_queue(QueueName="q")["QueueUrl"]
