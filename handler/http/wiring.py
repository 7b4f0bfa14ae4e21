"""What the HTTP API's two functions build once for each container, at its first event."""

import functools
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config as ClientConfig

from handler import weights
from handler.config import Network
from handler.fetch import Fetcher
from handler.guard import Policy
from handler.http.answers import Parking
from handler.http.jobs import Jobs
from handler.http.settings import Settings
from handler.state import State
from handler.store import S3Store

if TYPE_CHECKING:
    from pipeline.segment import Segmenter

FETCH_S = 12.0
"""For all of a fetch: API Gateway waits for 29 s."""
_CLIENT = ClientConfig(
    connect_timeout=2,
    read_timeout=8,
    retries={"mode": "standard", "total_max_attempts": 2},
    signature_version="s3v4",  # links are signed for any region and with conditions
)


@dataclass(frozen=True, slots=True)
class Deps:
    """What routes need of the world. policy: what URLs have to satisfy."""

    settings: Settings
    policy: Policy
    fetcher: Fetcher
    jobs: Jobs
    parking: Parking


@functools.cache
def deps() -> Deps:
    """Raises BadConfig."""
    settings = Settings.from_env(os.environ)
    policy = Policy(loopback=settings.loopback, max_bytes=settings.options.max_bytes, total_s=FETCH_S)
    s3 = boto3.client("s3", config=_CLIENT)
    fetcher = Fetcher(policy)
    jobs = Jobs(s3, State(s3, settings.state_bucket), S3Store(s3), fetcher, settings)
    return Deps(settings, policy, fetcher, jobs, Parking(s3, settings.state_bucket))


@functools.cache
def segmenter() -> "Segmenter":
    """The network, for the function that cuts. Raises BadConfig, ModelUnavailable, StoreUnavailable."""
    from pipeline import escalate  # here, since the other function must never load numpy

    network = Network.from_env(os.environ)
    folder = weights.bring(network, boto3.client("s3", config=_CLIENT))
    return escalate.segmenter(network.model, folder, threads=deps().settings.options.threads)
