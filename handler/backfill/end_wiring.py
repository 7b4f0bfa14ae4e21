"""What is built once for each container of BackfillEndFunction, at its first event."""

import functools
import os
from dataclasses import dataclass

from handler.aws.bucket import S3Store
from handler.aws.clients import Patience, client
from handler.aws.documents import DocumentStore
from handler.aws.event_bus import EventBus
from handler.backfill.config import BackfillEndConfig


@dataclass(frozen=True, slots=True)
class Deps:
    """What BackfillEndFunction depends on."""

    store: S3Store
    state: DocumentStore
    bus: EventBus


@functools.cache
def deps() -> Deps:
    """Raises BadConfig."""
    config = BackfillEndConfig.from_env(os.environ)
    store = S3Store(client("s3", Patience.QUEUE))
    bus = EventBus(client("events", Patience.QUEUE), config.event_bus)
    return Deps(store, DocumentStore(store, config.state_bucket), bus)
