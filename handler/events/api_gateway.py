"""Requests as API Gateway's proxy integration sends them."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from handler.errors import BadEvent


def body(event: Mapping[str, Any]) -> bytes:
    """The request's body as it was sent; API Gateway encodes binary bodies in base64. Raises BadEvent."""
    text = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(text).encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise BadEvent(f"The request body is marked base64 but cannot be decoded: {error}.") from error
