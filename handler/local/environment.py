"""The environment of a local process: dummy credentials, the loopback endpoint, nothing of the user's AWS settings."""

import functools
import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import boto3

REGION = "us-east-1"
ACCOUNT = "123456789012"
"""The account that moto emulates."""

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_SESSION_TOKEN": "local",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
}
_STRIPPED = ("AWS_", "HAIRLINE_", "POWERTOOLS_", "MOTO_", "BOTO_")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")
"""Removed, since a proxy cannot reach this machine's loopback interface."""


def sealed(environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` with dummy AWS settings, which cannot reach a real account, in place of the user's."""
    kept = {
        name: value
        for name, value in environ.items()
        if not name.startswith(_STRIPPED) and name.lower() not in _PROXIES
    }
    return kept | CREDENTIALS


@functools.cache  # making one takes a quarter of a second, and each serves any number of threads
def client(service: str, endpoint: str) -> Any:
    """The boto3 client of `service` at the emulator. Raises ValueError for an endpoint that is not on loopback."""
    if urlsplit(endpoint).hostname != "127.0.0.1":
        raise ValueError(f"{endpoint} is not on this machine.")
    session = boto3.Session(
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        region_name=REGION,
    )
    return session.client(service, endpoint_url=endpoint)
