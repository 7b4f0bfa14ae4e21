"""What the functions for webhooks and callbacks build once for each container, at its first event."""

import functools
import os
from dataclasses import replace

from handler.aws.bucket import S3Store
from handler.aws.clients import Patience, client
from handler.aws.dead_letters import DeadLetters
from handler.aws.documents import DocumentStore
from handler.aws.event_bus import EventBridgePublisher, EventBus
from handler.aws.queue import Queue
from handler.aws.registry_secret import secret
from handler.config import CallbackConfig, FetchConfig, WebhookConfig
from handler.hooks import callbacks, downloads, intake
from handler.hooks.originals import Originals
from handler.hooks.registry import Registry
from handler.untrusted.exchange import Wire
from handler.untrusted.fetch import Fetcher
from handler.untrusted.guard import Policy


@functools.cache
def intake_deps() -> intake.Deps:
    """For WebhookFunction. Raises BadConfig."""
    config = WebhookConfig.from_env(os.environ)
    return intake.Deps(
        _registry(config.registry, Policy(loopback=config.allow_loopback), Patience.WEBHOOK),
        Queue(client("sqs", Patience.WEBHOOK), config.fetch_queue_url),
        DocumentStore(S3Store(client("s3", Patience.WEBHOOK)), config.state_bucket),
    )


@functools.cache
def download_deps() -> downloads.Deps:
    """For FetchFunction. Raises BadConfig."""
    config = FetchConfig.from_env(os.environ)
    store, sqs = S3Store(client("s3", Patience.QUEUE)), client("sqs", Patience.QUEUE)
    policy, wire = Policy(loopback=config.allow_loopback, max_bytes=config.max_bytes), Wire()
    return downloads.Deps(
        _registry(config.registry, policy, Patience.QUEUE),
        Queue(sqs, config.fetch_queue_url),
        DeadLetters(sqs, config.dead_letter_queue_url),
        Originals(store, config.input_bucket, Fetcher(policy, wire)),
        EventBridgePublisher(
            EventBus(client("events", Patience.QUEUE), config.notifications.event_bus),
            Queue(sqs, config.notifications.callback_queue_url),
            DocumentStore(store, config.notifications.state_bucket),
        ),
        policy,
        wire,
    )


@functools.cache
def callback_deps() -> callbacks.Deps:
    """For CallbackFunction. Raises BadConfig."""
    config = CallbackConfig.from_env(os.environ)
    sqs = client("sqs", Patience.QUEUE)
    policy = replace(callbacks.POLICY, loopback=config.allow_loopback)
    return callbacks.Deps(
        _registry(config.registry, policy, Patience.QUEUE),
        Queue(sqs, config.callback_queue_url),
        DeadLetters(sqs, config.dead_letter_queue_url),
        DocumentStore(S3Store(client("s3", Patience.QUEUE)), config.state_bucket),
        policy,
        Wire(),
    )


def _registry(name: str, policy: Policy, patience: Patience) -> Registry:
    return Registry(secret(client("secretsmanager", patience), name), policy)
