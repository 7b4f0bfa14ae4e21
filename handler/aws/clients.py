"""Makes boto3's clients, with timeouts and retries that fit their callers."""

from enum import Enum
from typing import Any

import boto3
from botocore.config import Config


def _config(connect_s: float, read_s: float, attempts: int, **more: Any) -> Config:
    retries = {"mode": "standard", "total_max_attempts": attempts}
    return Config(connect_timeout=connect_s, read_timeout=read_s, retries=retries, **more)


class Patience(Enum):
    """How long one call may take. botocore's defaults, 60 s and five attempts, can use up a function's whole time.

    QUEUE: for messages, which are retried as a whole. IMAGE: S3 answers 503 while it adapts a new bucket to thousands
    of requests a second, so calls are repeated for about 15 s. REQUEST: API Gateway ends an
    HTTP request after 29 s; links and upload forms are signed with version 4 for the region's own host. WEBHOOK: a shop
    waits for about 5 s.
    """

    QUEUE = _config(3, 20, 3)
    IMAGE = _config(3, 20, 6)
    # By default, boto3 signs links for s3.amazonaws.com. S3 redirects those of a new bucket elsewhere, which breaks the
    # signature, and rejects those of regions opened since 2019.
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
    REQUEST = _config(2, 8, 2, signature_version="s3v4", s3={"addressing_style": "virtual"})
    WEBHOOK = _config(1, 5, 3)


def client(service: str, patience: Patience) -> Any:
    """boto3's client of a service, such as "s3"."""
    return boto3.client(service, config=patience.value)
