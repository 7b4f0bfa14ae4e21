"""What the HTTP API's two functions build once for each container, at its first request."""

import functools
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from handler.aws import weights
from handler.aws.bucket import S3Store
from handler.aws.clients import Patience, client
from handler.aws.documents import DocumentStore
from handler.config import ApiConfig
from handler.http.job_service import JobService
from handler.http.responses import ResponseStore
from handler.http.sources import Sources
from handler.untrusted.fetch import Fetcher
from handler.untrusted.guard import Policy

if TYPE_CHECKING:
    from pipeline.segment import Segmenter

DOWNLOAD_S = 12.0
"""For a whole download: API Gateway waits for 29 s."""


@dataclass(frozen=True, slots=True)
class Deps:
    """What routes need of the world. policy: which URLs are allowed."""

    config: ApiConfig
    policy: Policy
    sources: Sources
    jobs: JobService
    responses: ResponseStore


@functools.cache
def deps() -> Deps:
    """Raises BadConfig."""
    config = ApiConfig.from_env(os.environ)
    policy = Policy(loopback=config.allow_loopback, max_bytes=config.options.max_bytes, total_s=DOWNLOAD_S)
    store = S3Store(client("s3", Patience.REQUEST))
    fetcher = Fetcher(policy)
    jobs = JobService(DocumentStore(store, config.state_bucket), store, fetcher, config)
    return Deps(config, policy, Sources(fetcher, policy), jobs, ResponseStore(store, config.state_bucket))


@functools.cache
def segmenter() -> "Segmenter":
    """For ApiCutoutFunction. Raises BadConfig, ModelUnavailable, StoreUnavailable."""
    from pipeline.segment import open_model  # here, since the other function must never load numpy

    config = deps().config
    folder = weights.ensure_weights(config.model, client("s3", Patience.REQUEST))
    return open_model(config.model.model, folder, threads=config.options.threads)
