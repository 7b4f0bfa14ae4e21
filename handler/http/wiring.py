"""What the HTTP API's two functions build once for each container, at its first event."""

import functools
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from handler.aws import weights
from handler.aws.bucket import S3Store
from handler.aws.clients import Patience, client
from handler.aws.documents import DocumentStore
from handler.http.job_service import JobService
from handler.http.responses import ResponseStore
from handler.http.settings import Settings
from handler.settings import Network
from handler.untrusted.fetch import Fetcher
from handler.untrusted.guard import Policy

if TYPE_CHECKING:
    from pipeline.segment import Segmenter

FETCH_S = 12.0
"""For all of a fetch: API Gateway waits for 29 s."""


@dataclass(frozen=True, slots=True)
class Deps:
    """What routes need of the world. policy: what URLs have to satisfy."""

    settings: Settings
    policy: Policy
    fetcher: Fetcher
    jobs: JobService
    responses: ResponseStore


@functools.cache
def deps() -> Deps:
    """Raises BadConfig."""
    settings = Settings.from_env(os.environ)
    policy = Policy(loopback=settings.loopback, max_bytes=settings.options.max_bytes, total_s=FETCH_S)
    store = S3Store(client("s3", Patience.REQUEST))
    fetcher = Fetcher(policy)
    jobs = JobService(DocumentStore(store, settings.state_bucket), store, fetcher, settings)
    return Deps(settings, policy, fetcher, jobs, ResponseStore(store, settings.state_bucket))


@functools.cache
def segmenter() -> "Segmenter":
    """The network, for the function that cuts. Raises BadConfig, ModelUnavailable, StoreUnavailable."""
    from pipeline.segment import open_model  # here, since the other function must never load numpy

    network = Network.from_env(os.environ)
    folder = weights.ensure_weights(network, client("s3", Patience.REQUEST))
    return open_model(network.model, folder, threads=deps().settings.options.threads)
