"""What is built once for each container of BackfillFunction, at its first event."""

import functools
import os
from dataclasses import dataclass

from handler.aws import weights
from handler.aws.bucket import ObjectStore, S3Store
from handler.aws.clients import Patience, client
from handler.backfill.config import BackfillConfig
from handler.observability import Door
from pipeline.models import ModelSpec
from pipeline.segment import Segmenter, open_model


@dataclass(frozen=True, slots=True)
class Deps:
    """What BackfillFunction depends on. version: None, because S3 Batch Operations counts the failures."""

    config: BackfillConfig
    store: ObjectStore
    model: ModelSpec
    segmenter: Segmenter
    door: Door = "backfill"
    version: str | None = None


@functools.cache
def deps() -> Deps:
    """Raises BadConfig, ModelUnavailable, StoreUnavailable at every event until they are fixed."""
    config = BackfillConfig.from_env(os.environ)
    s3 = client("s3", Patience.IMAGE)
    model, folder = weights.ensure_weights(config.model, s3)
    return Deps(config, S3Store(s3), model, open_model(model, folder, threads=config.options.threads))
