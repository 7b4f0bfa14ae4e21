"""Answers: Powertools' responses in the form that every route gives them."""

import base64
import json
import uuid
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.event_handler import Response
from botocore.exceptions import BotoCoreError, ClientError

from handler.errors import StoreUnavailable
from handler.http import job_service
from handler.http.api_errors import ApiError

MOST_REPLY = 4_400_000
"""Bytes of a picture that are sent at once. Lambda's replies hold 6,291,556 bytes, and base64 takes a third more.
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""
JSON = "application/json"


def json_response(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response[Any]:
    """A JSON value."""
    return Response(status, JSON, json.dumps(value), headers=dict(headers or {}))


def error_response(refusal: ApiError) -> Response[Any]:
    """A refusal."""
    return Response(refusal.http, JSON, refusal.body(), headers=dict(refusal.headers))


def image(
    data: bytes, content_type: str, headers: Mapping[str, str], store: "ResponseStore", tenant: str
) -> Response[Any]:
    """A file as it is, or where it is too large for an answer, 303 and a link to it."""
    if len(data) <= MOST_REPLY:
        return Response(200, content_type, data, headers=dict(headers))
    url = store.put(tenant, data, content_type)
    return Response(303, JSON, json.dumps({"data": {"result_url": url}}), headers={**headers, "Location": url})


def image_in_json(
    data: bytes,
    content_type: str,
    more: Mapping[str, Any],
    headers: Mapping[str, str],
    store: "ResponseStore",
    tenant: str,
) -> Response[Any]:
    """A file in base64 beside `more`, or where it is too large for an answer, a link to it."""
    if len(data) <= MOST_REPLY:
        result = {"result_b64": base64.b64encode(data).decode()}
    else:
        result = {"result_url": store.put(tenant, data, content_type)}
    return json_response({"data": {**result, **more}}, headers=headers)


class ResponseStore:
    """Where answers lie that are too large to be sent; the bucket's lifecycle clears it.

    s3: boto3's client. bucket: of what has to be remembered.
    """

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3, self._bucket = s3, bucket

    def put(self, tenant: str, data: bytes, content_type: str) -> str:
        """Put it there and return a link. Raises StoreUnavailable."""
        key = f"replies/{tenant}/{uuid.uuid4().hex}"
        try:
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=data, ContentType=content_type)
        except (ClientError, BotoCoreError) as error:
            raise StoreUnavailable(f"Could not write {key}: {error}") from error
        return job_service.link(self._s3, self._bucket, key)
