"""Addresses of the API's own resources, as paths, which are valid at any host name of the API."""

from collections.abc import Mapping
from typing import Any


def base(event: Mapping[str, Any]) -> str:
    """The path before every route: "/live" below a stage, "" at a custom domain, "/cut" below a base path mapping.

    event: API Gateway's, proxy integration. Its `requestContext.path` is the whole path that the client asked for, its
    `requestContext.resourcePath` the route alone, with a pattern such as {id} for each variable segment.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
    """
    context = event["requestContext"]
    segments = context["resourcePath"].count("/")
    path: str = context["path"]
    return path.rstrip("/").rsplit("/", segments)[0]


def job(event: Mapping[str, Any], id_: str) -> str:
    """The path of a job, for `Location`."""
    return f"{base(event)}/v1/jobs/{id_}"
