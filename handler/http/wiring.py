"""What the HTTP API's two functions build once for each container, at its first request."""

import functools
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from handler.aws import listing, weights
from handler.aws.bucket import S3Store
from handler.aws.clients import Patience, client
from handler.aws.documents import DocumentStore
from handler.aws.queue import Queue
from handler.aws.registry_secret import Secret, secret
from handler.http.config import ApiConfig, ApiCutoutConfig, ApiJobConfig
from handler.http.image_list import ImageList
from handler.http.image_service import ImageService
from handler.http.job_service import JobService
from handler.http.responses import ResponseStore
from handler.http.sources import Sources
from handler.untrusted.fetch import Fetcher
from handler.untrusted.guard import Policy

if TYPE_CHECKING:
    from handler.http.view_service import ViewService
    from pipeline.segment import Segmenter

DOWNLOAD_S = 12.0
"""The limit for a whole download, because API Gateway waits for 29 s."""


@dataclass(frozen=True, slots=True)
class CutoutDeps:
    """What the routes of ApiCutoutFunction depend on."""

    config: ApiCutoutConfig
    sources: Sources
    jobs: JobService
    responses: ResponseStore
    views: "ViewService"


@dataclass(frozen=True, slots=True)
class JobDeps:
    """What the routes of ApiJobFunction depend on. policy: which URLs are allowed."""

    config: ApiJobConfig
    policy: Policy
    jobs: JobService
    registry: Secret
    images: ImageService


@functools.cache
def cutouts() -> CutoutDeps:
    """For ApiCutoutFunction. Raises BadConfig."""
    from handler.http.view_service import ViewService  # here, since the other function must never load numpy

    config, s3 = ApiCutoutConfig.from_env(os.environ), client("s3", Patience.REQUEST)
    policy, store = _policy(config), S3Store(s3)
    responses = ResponseStore(store, config.state_bucket)
    views = ViewService(store, _images(config, s3, store), config, segmenter)
    return CutoutDeps(config, Sources(Fetcher(policy), policy), _jobs(config, policy, store), responses, views)


@functools.cache
def jobs() -> JobDeps:
    """For ApiJobFunction. Raises BadConfig."""
    config = ApiJobConfig.from_env(os.environ)
    s3 = client("s3", Patience.REQUEST)
    policy, store = _policy(config), S3Store(s3)
    images = ImageService(_images(config, s3, store), Queue(client("sqs", Patience.REQUEST), config.job_queue_url))
    registry = secret(client("secretsmanager", Patience.REQUEST), config.registry)
    return JobDeps(config, policy, _jobs(config, policy, store), registry, images)


@functools.cache
def segmenter() -> "Segmenter":
    """For ApiCutoutFunction. Raises BadConfig, ModelUnavailable, StoreUnavailable."""
    from pipeline.segment import open_model  # here, since the other function must never load numpy

    config = cutouts().config
    model, folder = weights.ensure_weights(config.model, client("s3", Patience.REQUEST))
    return open_model(model, folder, threads=config.options.threads)


def _policy(config: ApiConfig) -> Policy:
    return Policy(loopback=config.allow_loopback, max_bytes=config.options.max_bytes, total_s=DOWNLOAD_S)


def _images(config: ApiConfig, s3: Any, store: S3Store) -> ImageList:
    buckets = (config.input_bucket, config.output_bucket)
    inputs, outputs = (functools.partial(listing.objects, s3, bucket) for bucket in buckets)
    return ImageList(store, inputs, outputs, config)


def _jobs(config: ApiConfig, policy: Policy, store: S3Store) -> JobService:
    return JobService(DocumentStore(store, config.state_bucket), store, Fetcher(policy), config)
