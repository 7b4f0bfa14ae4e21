"""What the routes of both functions share: the client's identity, headers, and responses to errors."""

import time
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from handler.http import headers, methods, responses
from handler.http.api_errors import ApiError, from_error
from handler.http.config import ApiConfig
from handler.observability import logger
from pipeline.errors import HairlineError

Event = dict[str, Any]


def resolver() -> APIGatewayRestResolver:
    """A resolver that answers every error in the one form of `handler.http.api_errors`."""
    app = APIGatewayRestResolver()
    app.exception_handler(ApiError)(responses.error_response)
    app.exception_handler(HairlineError)(_failed)
    app.exception_handler(Exception)(_unforeseen)
    app.not_found(lambda _error: methods.answer(app.current_event.raw_event))
    return app


def _failed(error: HairlineError) -> Response[Any]:
    response = from_error(error)
    log = logger.error if response.http >= 500 else logger.info
    log("request", extra={"code": error.code, "reason": str(error)})
    return responses.error_response(response)


def _unforeseen(error: Exception) -> Response[Any]:
    logger.error("request", exc_info=error)
    return responses.error_response(from_error(error))


def resolve(app: APIGatewayRestResolver, event: Event, context: Any, config: ApiConfig) -> dict[str, Any]:
    """The reply to API Gateway, with the headers that every response has, and one log line without secrets."""
    reply: dict[str, Any] = app.resolve(event, context)
    received = event.get("requestContext", {})
    every = {
        "X-Request-Id": received.get("requestId", ""),
        "Access-Control-Allow-Origin": config.cors_origin,
        "Access-Control-Expose-Headers": headers.EXPOSED,
    }
    if config.plan and (received.get("identity") or {}).get("apiKeyId"):
        every |= headers.rate_limit(config.plan, time.time())
    for name, value in every.items():
        reply["multiValueHeaders"][name] = [value]
    logger.info(
        "request",
        extra={"route": event.get("resource"), "status": reply["statusCode"], "request": received.get("requestId")},
    )
    return reply


def tenant(event: Event) -> str:
    """The id of the API key, which is not a secret. Raises ApiError if the request has no key."""
    identity = event.get("requestContext", {}).get("identity") or {}
    id_ = identity.get("apiKeyId")
    if not id_:
        raise ApiError("auth_failed")
    return str(id_)


def header(event: Event, name: str) -> str:
    """The value of a header, "" if it is missing. name: in lower case."""
    return optional_header(event, name) or ""


def optional_header(event: Event, name: str) -> str | None:
    """The value of a header, None if it is missing. name: in lower case."""
    return next((value or "" for key, value in (event.get("headers") or {}).items() if key.lower() == name), None)
