"""What hooks' and callbacks' functions build once for each container, at its first event."""

import functools
import os
from dataclasses import replace

from handler.aws.bucket import S3Store
from handler.aws.clients import Patience, client
from handler.aws.dead_letters import DeadLetters
from handler.aws.documents import DocumentStore
from handler.aws.event_bus import EventBridgePublisher
from handler.aws.queue import Queue
from handler.hooks import bigcommerce, registry, settings
from handler.hooks import callbacks as deliveries
from handler.hooks import downloads as fetches
from handler.hooks import intake as hooks
from handler.hooks.originals import Originals
from handler.hooks.registry import Registry
from handler.untrusted.exchange import Wire
from handler.untrusted.fetch import Fetcher
from handler.untrusted.guard import Policy


@functools.cache
def intake() -> hooks.Deps:
    """Raises BadConfig."""
    given = settings.read(os.environ, "on_webhook")
    return hooks.Deps(
        _registry(given, Patience.WEBHOOK),
        Queue(client("sqs", Patience.WEBHOOK), given["HAIRLINE_FETCH_QUEUE_URL"]),
        DocumentStore(S3Store(client("s3", Patience.WEBHOOK)), given["HAIRLINE_STATE_BUCKET"]),
    )


@functools.cache
def fetching() -> fetches.Deps:
    """Raises BadConfig."""
    given = settings.read(os.environ, "on_fetch")
    store, sqs = S3Store(client("s3", Patience.QUEUE)), client("sqs", Patience.QUEUE)
    policy = replace(_policy(given), max_bytes=int(given["HAIRLINE_MAX_BYTES"]))
    wire = Wire()
    return fetches.Deps(
        _registry(given, Patience.QUEUE),
        Queue(sqs, given["HAIRLINE_FETCH_QUEUE_URL"]),
        DeadLetters(sqs, given["HAIRLINE_DEAD_LETTER_QUEUE_URL"]),
        Originals(store, given["HAIRLINE_INPUT_BUCKET"], Fetcher(policy, wire)),
        EventBridgePublisher(
            client("events", Patience.QUEUE),
            given["HAIRLINE_EVENT_BUS"],
            Queue(sqs, given["HAIRLINE_CALLBACK_QUEUE_URL"]),
            DocumentStore(store, given["HAIRLINE_STATE_BUCKET"]),
        ),
        lambda product, source: bigcommerce.images(product, source, policy, wire),
    )


@functools.cache
def callbacks() -> deliveries.Deps:
    """Raises BadConfig."""
    given = settings.read(os.environ, "on_callback")
    sqs = client("sqs", Patience.QUEUE)
    policy = replace(deliveries.POLICY, loopback=_policy(given).loopback)
    return deliveries.Deps(
        _registry(given, Patience.QUEUE),
        Queue(sqs, given["HAIRLINE_CALLBACK_QUEUE_URL"]),
        DeadLetters(sqs, given["HAIRLINE_DEAD_LETTER_QUEUE_URL"]),
        DocumentStore(S3Store(client("s3", Patience.QUEUE)), given["HAIRLINE_STATE_BUCKET"]),
        policy,
        Wire(),
    )


def _policy(given: dict[str, str]) -> Policy:
    return Policy(loopback=given.get("HAIRLINE_ALLOW_LOOPBACK") == "yes")


def _registry(given: dict[str, str], patience: Patience) -> Registry:
    reader = registry.secrets_manager(client("secretsmanager", patience))
    return Registry(reader, given["HAIRLINE_REGISTRY"], _policy(given))
