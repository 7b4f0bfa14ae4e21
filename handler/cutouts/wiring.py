"""What is built once for each container, at its first event: settings, clients, the model."""

import functools
import os
from dataclasses import dataclass, field
from typing import Any

from handler.aws import weights
from handler.aws.bucket import ObjectStore, S3Store
from handler.aws.clients import Patience, client
from handler.aws.dead_letters import DeadLetters
from handler.aws.documents import DocumentStore
from handler.aws.event_bus import EventBridgePublisher, EventBus
from handler.aws.queue import Queue, Visibility
from handler.config import CutoutConfig, DeadLetterConfig
from handler.notifications import NullPublisher, Publisher
from handler.observability import Door
from pipeline.models import ModelSpec
from pipeline.segment import Segmenter, open_model


@dataclass(frozen=True, slots=True)
class Deps:
    """What CutoutFunction depends on. door, version: of the function, for its metrics."""

    config: CutoutConfig
    store: ObjectStore
    model: ModelSpec
    segmenter: Segmenter
    dead_letters: DeadLetters
    publisher: Publisher = field(default_factory=NullPublisher)
    version: str = "$LATEST"
    door: Door = "queue"


@functools.cache
def deps() -> Deps:
    """Raises BadConfig, ModelUnavailable, StoreUnavailable at every event until they are fixed."""
    config = CutoutConfig.from_env(os.environ)
    s3, sqs = client("s3", Patience.IMAGE), client("sqs", Patience.QUEUE)
    model, folder = weights.ensure_weights(config.model, s3)
    store = S3Store(s3)
    return Deps(
        config,
        store,
        model,
        open_model(model, folder, threads=config.options.threads),
        DeadLetters(sqs, config.dead_letter_queue_url),
        _publisher(config, store, sqs),
        version=os.environ.get("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
    )


@dataclass(frozen=True, slots=True)
class FailureDeps:
    """What DeadLetterFunction depends on."""

    config: CutoutConfig
    store: ObjectStore
    dead_letters: DeadLetters
    publisher: Publisher


@functools.cache
def failure_deps() -> FailureDeps:
    """Raises BadConfig."""
    config = DeadLetterConfig.from_env(os.environ)
    store, sqs = S3Store(client("s3", Patience.QUEUE)), client("sqs", Patience.QUEUE)
    return FailureDeps(config, store, DeadLetters(sqs, config.dead_letter_queue_url), _publisher(config, store, sqs))


@functools.cache
def visibility() -> Visibility:
    """Made when the first image fails."""
    return Visibility(client("sqs", Patience.QUEUE))


def _publisher(config: CutoutConfig, store: S3Store, sqs: Any) -> Publisher:
    if config.notifications is None:
        return NullPublisher()
    return EventBridgePublisher(
        EventBus(client("events", Patience.QUEUE), config.notifications.event_bus),
        Queue(sqs, config.notifications.callback_queue_url),
        DocumentStore(store, config.notifications.state_bucket),
    )
