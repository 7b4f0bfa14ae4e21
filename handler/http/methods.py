"""What the API answers to methods that no route has: a browser's preflight request, and 405 to all others.

API Gateway sends these requests to ApiJobFunction, by the method ANY of every path, without an API key: a browser sends
none with a preflight. https://fetch.spec.whatwg.org/#cors-preflight-fetch
"""

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.event_handler import Response

from handler.http import responses
from handler.http.api_errors import ApiError

METHODS: Mapping[str, tuple[str, ...]] = {
    "/v1.0/removebg": ("POST",),
    "/v1.0/account": ("GET", "HEAD"),
    "/v1/cutouts": ("POST",),
    "/v1/jobs": ("POST",),
    "/v1/jobs/{id}": ("GET", "HEAD", "DELETE"),
    "/v1/results": ("GET", "HEAD"),
    "/v1/session": ("GET",),
    "/v1/images": ("GET",),
    "/v1/images/{id}": ("GET",),
    "/v1/images/{id}/{view}": ("GET",),
    "/v1/images/{id}/edits": ("PUT",),
    "/v1/images/{id}/decision": ("PUT",),
    "/v1/images/{id}/preview": ("POST",),
    "/v1/images/{id}/download": ("GET",),
    "/v1/images/{id}/compliance": ("GET",),
    "/v1/approved.zip": ("GET",),
    "/studio": ("GET",),
    "/page/{file}": ("GET",),
    "/v1/openapi.json": ("GET", "HEAD"),
}
"""The methods of each path, as in the template."""
REQUEST_HEADERS = "Accept, Content-Type, Idempotency-Key, X-Api-Key, X-Requested-With"
"""The headers that a web page may send."""
PREFLIGHT_S = 7200
"""How long a browser may cache the answer; Chromium keeps it no longer than this."""


def answer(event: Mapping[str, Any]) -> Response[Any]:
    """The response to a request that no route takes. event: API Gateway's, proxy integration."""
    method, methods = event["httpMethod"], METHODS.get(event["resource"], ())
    if not methods or method in methods:  # a path that a pattern such as {id} does not match
        error = ApiError("not_found", "There is no such path. GET /v1/openapi.json lists all paths.")
        return responses.error_response(error)
    allowed = ", ".join((*methods, "OPTIONS"))
    if method != "OPTIONS":
        error = ApiError("method_not_allowed", f"Use {' or '.join(methods)}.", headers={"Allow": allowed})
        return responses.error_response(error)
    return Response(
        204,
        headers={
            "Allow": allowed,
            "Access-Control-Allow-Methods": allowed,
            "Access-Control-Allow-Headers": REQUEST_HEADERS,
            "Access-Control-Max-Age": str(PREFLIGHT_S),
        },
    )
