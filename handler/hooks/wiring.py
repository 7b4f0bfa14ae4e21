"""What hooks' and callbacks' functions build once for each container, at its first event."""

import functools
import os
from dataclasses import replace

import boto3
from botocore.config import Config as ClientConfig

from handler.aws.dead_letters import DeadLetters
from handler.aws.documents import DocumentStore
from handler.aws.queue import Queue
from handler.hooks import bigcommerce, registry, settings
from handler.hooks import callbacks as deliveries
from handler.hooks import downloads as fetches
from handler.hooks import intake as hooks
from handler.hooks.originals import Originals
from handler.hooks.registry import Registry
from handler.notifications import EventBridgePublisher
from handler.untrusted.exchange import Wire
from handler.untrusted.fetch import Fetcher
from handler.untrusted.guard import Policy

_QUICK = ClientConfig(connect_timeout=1, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})
_LONG = ClientConfig(connect_timeout=3, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 3})


@functools.cache
def intake() -> hooks.Deps:
    """Raises BadConfig."""
    given = settings.read(os.environ, "on_webhook")
    return hooks.Deps(
        _registry(given, _QUICK),
        Queue(boto3.client("sqs", config=_QUICK), given["HAIRLINE_FETCH_QUEUE_URL"]),
        DocumentStore(boto3.client("s3", config=_QUICK), given["HAIRLINE_STATE_BUCKET"]),
    )


@functools.cache
def fetching() -> fetches.Deps:
    """Raises BadConfig."""
    given = settings.read(os.environ, "on_fetch")
    s3, sqs = boto3.client("s3", config=_LONG), boto3.client("sqs", config=_LONG)
    policy = replace(_policy(given), max_bytes=int(given["HAIRLINE_MAX_BYTES"]))
    wire = Wire()
    return fetches.Deps(
        _registry(given, _LONG),
        Queue(sqs, given["HAIRLINE_FETCH_QUEUE_URL"]),
        DeadLetters(sqs, given["HAIRLINE_DEAD_LETTER_QUEUE_URL"]),
        Originals(s3, given["HAIRLINE_INPUT_BUCKET"], Fetcher(policy, wire)),
        EventBridgePublisher(
            boto3.client("events", config=_LONG),
            given["HAIRLINE_EVENT_BUS"],
            Queue(sqs, given["HAIRLINE_CALLBACK_QUEUE_URL"]),
            DocumentStore(s3, given["HAIRLINE_STATE_BUCKET"]),
        ),
        lambda product, source: bigcommerce.images(product, source, policy, wire),
    )


@functools.cache
def callbacks() -> deliveries.Deps:
    """Raises BadConfig."""
    given = settings.read(os.environ, "on_callback")
    sqs = boto3.client("sqs", config=_LONG)
    policy = replace(deliveries.POLICY, loopback=_policy(given).loopback)
    return deliveries.Deps(
        _registry(given, _LONG),
        Queue(sqs, given["HAIRLINE_CALLBACK_QUEUE_URL"]),
        DeadLetters(sqs, given["HAIRLINE_DEAD_LETTER_QUEUE_URL"]),
        DocumentStore(boto3.client("s3", config=_LONG), given["HAIRLINE_STATE_BUCKET"]),
        policy,
        Wire(),
    )


def _policy(given: dict[str, str]) -> Policy:
    return Policy(loopback=given.get("HAIRLINE_ALLOW_LOOPBACK") == "yes")


def _registry(given: dict[str, str], config: ClientConfig) -> Registry:
    reader = registry.secrets_manager(boto3.client("secretsmanager", config=config))
    return Registry(reader, given["HAIRLINE_REGISTRY"], _policy(given))
