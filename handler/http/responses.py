"""Responses in the forms that the routes share."""

import base64
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aws_lambda_powertools.event_handler import Response

from handler import keys
from handler.aws.bucket import S3Store
from handler.http.api_errors import ApiError
from handler.http.job_service import LINK_S
from handler.jobs import ObjectRef

MAX_RESPONSE_BYTES = 4_400_000
"""The limit for an image in a response. Lambda's responses hold 6,291,556 bytes, and base64 takes a third more.
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""
JSON = "application/json"


def json_response(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response[Any]:
    """A JSON value."""
    return Response(status, JSON, json.dumps(value), headers=dict(headers or {}))


def error_response(error: ApiError) -> Response[Any]:
    """An error."""
    return Response(error.http, JSON, error.body(), headers=dict(error.headers))


def image(
    data: bytes, content_type: str, headers: Mapping[str, str], store: "ResponseStore", tenant: str
) -> Response[Any]:
    """The file, or 303 and a link to it if it is too large for a response."""
    if len(data) <= MAX_RESPONSE_BYTES:
        return Response(200, content_type, data, headers=dict(headers))
    url = store.put(tenant, data, content_type)
    return Response(303, JSON, json.dumps({"data": {"result_url": url}}), headers={**headers, "Location": url})


def link(url: str, **more: Any) -> Response[Any]:
    """A link to a file, which a page can follow without sending its key elsewhere, as a redirect would."""
    return json_response({"data": {"result_url": url}, **more})


def image_in_json(data: bytes, more: Mapping[str, Any], headers: Mapping[str, str]) -> Response[Any]:
    """JSON of the file in base64, as remove.bg's, and `more`."""
    return json_response({"data": {"result_b64": base64.b64encode(data).decode(), **more}}, headers=headers)


@dataclass(frozen=True, slots=True)
class ResponseStore:
    """Results that are too large for a response; the bucket's lifecycle deletes them. bucket: the state bucket."""

    store: S3Store
    bucket: str

    def put(self, tenant: str, data: bytes, content_type: str) -> str:
        """Store a result and return a link to it. Raises StoreUnavailable."""
        ref = ObjectRef(self.bucket, keys.reply(tenant, uuid.uuid4().hex))
        self.store.put(ref, data, content_type)
        return self.store.link(ref, LINK_S)
