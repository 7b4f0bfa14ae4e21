"""What the API's description is made of: schemas, content and responses in OpenAPI 3.0."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from handler.http.headers import EVERY, Header

Json = dict[str, Any]
IMAGES = ("image/png", "image/jpeg", "image/webp", "application/zip")
ALL_IMAGES = (*IMAGES, "image/tiff", "image/avif")
BINARY = {"schema": {"type": "string", "format": "binary"}}
TEXT = {"type": "string"}
URL = {"type": "string", "format": "uri", "pattern": "^https?://", "maxLength": 2048}


def ref(name: str) -> Json:
    """A schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def in_json(schema: Json) -> Json:
    """Content in JSON."""
    return {"application/json": {"schema": schema}}


def object_(properties: Json, required: tuple[str, ...] = ()) -> Json:
    """The schema of an object."""
    return {"type": "object", "properties": properties} | ({"required": list(required)} if required else {})


def success(description: str, content: Json, named: Mapping[str, Header] = MappingProxyType({})) -> Json:
    """A response that is not an error."""
    return {"description": description, "headers": headers(EVERY | dict(named)), "content": content}


def headers(named: Mapping[str, Header]) -> Json:
    """The headers of a response."""
    return {name: {"description": row.meaning, "schema": {"type": row.kind}} for name, row in named.items()}


def responses(successes: Json, *errors: int) -> Json:
    """The responses of a route: its successes, its errors, and those of API Gateway."""
    statuses = sorted({*errors, 403, 429, 500, 503})
    return successes | {str(status): {"$ref": f"#/components/responses/Error{status}"} for status in statuses}
