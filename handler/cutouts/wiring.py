"""What is built once for each container, at its first event: settings, clients, the network."""

import functools
import os
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config as ClientConfig

from handler.aws import weights
from handler.aws.bucket import ObjectStore, S3Store
from handler.aws.dead_letters import DeadLetters
from handler.aws.documents import DocumentStore
from handler.aws.queue import Queue
from handler.notifications import EventBridgePublisher, NullPublisher, Publisher
from handler.settings import Config
from pipeline.segment import Segmenter, open_model

_CLIENT = ClientConfig(
    # botocore's own 60 s and 5 tries could use up a function's whole time for one request.
    connect_timeout=3,
    read_timeout=20,
    retries={"mode": "standard", "total_max_attempts": 3},
)


@dataclass(frozen=True, slots=True)
class Deps:
    """What work needs of the world."""

    config: Config
    store: ObjectStore
    segmenter: Segmenter
    dead_letters: DeadLetters
    publisher: Publisher = field(default_factory=NullPublisher)


@functools.cache
def deps() -> Deps:
    """Raises BadConfig, ModelUnavailable, StoreUnavailable; at every event until it is mended: the queue keeps them."""
    config = Config.from_env(os.environ)
    s3, sqs = boto3.client("s3", config=_CLIENT), boto3.client("sqs", config=_CLIENT)
    folder = weights.ensure_weights(config.network, s3)
    return Deps(
        config,
        S3Store(s3),
        open_model(config.network.model, folder, threads=config.options.threads),
        DeadLetters(sqs, config.dead_letter_queue_url),
        _herald(config, s3, sqs),
    )


def _herald(config: Config, s3: Any, sqs: Any) -> Publisher:
    if config.notify is None:
        return NullPublisher()
    events = boto3.client("events", config=_CLIENT)
    return EventBridgePublisher(
        events,
        config.notify.event_bus,
        Queue(sqs, config.notify.callback_queue_url),
        DocumentStore(s3, config.notify.state_bucket),
    )
