"""What is built once for each container, at its first event: settings, clients, the network."""

import functools
import os
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config as ClientConfig

from handler import weights
from handler.config import Config
from handler.dead_letters import DeadLetters
from handler.news import Bus, Herald, Silence
from handler.queues import Queue
from handler.state import State
from handler.store import ObjectStore, S3Store
from pipeline import escalate
from pipeline.segment import Segmenter

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
    herald: Herald = field(default_factory=Silence)


@functools.cache
def deps() -> Deps:
    """Raises BadConfig, ModelUnavailable, StoreUnavailable; at every event until it is mended: the queue keeps them."""
    config = Config.from_env(os.environ)
    s3, sqs = boto3.client("s3", config=_CLIENT), boto3.client("sqs", config=_CLIENT)
    folder = weights.bring(config.network, s3)
    return Deps(
        config,
        S3Store(s3),
        escalate.segmenter(config.network.model, folder, threads=config.options.threads),
        DeadLetters(sqs, config.dead_letter_queue_url),
        _herald(config, s3, sqs),
    )


def _herald(config: Config, s3: Any, sqs: Any) -> Herald:
    if config.telling is None:
        return Silence()
    events = boto3.client("events", config=_CLIENT)
    return Bus(
        events,
        config.telling.event_bus,
        Queue(sqs, config.telling.callback_queue_url),
        State(s3, config.telling.state_bucket),
    )
