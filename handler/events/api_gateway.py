"""What API Gateway's proxy integration hands on."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from handler.errors import BadEvent


def body(event: Mapping[str, Any]) -> bytes:
    """The bytes as they were sent; they come in base64 where the API was told that they may be binary.

    Raises BadEvent.
    """
    text = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(text).encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise BadEvent(f"API Gateway's base64 is none: {error}.") from error
