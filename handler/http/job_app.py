"""The function that never cuts, so that it starts fast and costs little: account, jobs and the API's description."""

import functools
import re
import time
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from handler.errors import FetchRefused
from handler.events import api_gateway
from handler.http import body as bodies
from handler.http import openapi, responses, routes, urls, wiring
from handler.http.api_errors import ApiError
from handler.http.job_service import JobRequest
from handler.observability import logger, tracer
from handler.untrusted import guard
from pipeline.errors import BadOptions
from pipeline.formats import CONTENT_TYPES

LONGEST_OPTIONS = 1500
"""Bytes as JSON: they travel in an object's metadata, which holds 2 KB, beside a callback's URL."""
LONGEST_CALLBACK = 400
"""Characters."""
_KEY = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)
_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
_FIELDS = ("options", "image_url", "callback_url", "content_type")

app = routes.resolver()


@tracer.capture_lambda_handler(capture_response=False)
@logger.inject_lambda_context
def on_job_request(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """API Gateway, proxy integration."""
    return routes.resolve(app, event, context)


@app.get("/v1.0/account")
def account() -> Response[Any]:
    """As remove.bg's. Nobody counts credits here, so all of them are none."""
    routes.tenant(app.current_event.raw_event)
    credits_ = {"total": 0, "subscription": 0, "payg": 0, "enterprise": 0}
    return responses.json_response(
        {"data": {"attributes": {"credits": credits_, "api": {"free_calls": 0, "sizes": "all"}}}}
    )


@app.post("/v1/jobs")
def submit() -> Response[Any]:
    """Make a job; the same Idempotency-Key makes the same one."""
    event = app.current_event.raw_event
    tenant = routes.tenant(event)
    key = routes.header(event, "idempotency-key")
    if key and not _KEY.fullmatch(key):
        raise ApiError("invalid_idempotency_key", "It must have 1 to 255 printable ASCII characters and no spaces.")
    sent = api_gateway.body(event)
    told = wiring.deps().jobs.submit(tenant, _wish(bodies.json_object(sent) if sent.strip() else {}), key or None)
    return responses.json_response(told, 202, {"Location": urls.job(event, told["id"])})


@app.get("/v1/jobs/<id_>")
def status(id_: str) -> Response[Any]:
    """How a job stands."""
    tenant = routes.tenant(app.current_event.raw_event)
    if not _ID.fullmatch(id_):
        raise ApiError("not_found", "You have no such job.")
    return responses.json_response(_looked(tenant, id_, int(time.monotonic())))


@functools.lru_cache(maxsize=1024)
def _looked(tenant: str, id_: str, second: int) -> dict[str, Any]:  # noqa: ARG001  a part of the cache's key
    """Once a second for each job: whoever polls faster learns nothing new."""
    return wiring.deps().jobs.status(tenant, id_)


@app.get("/v1/openapi.json")
def description() -> Response[Any]:
    """What this API is, for programs."""
    return responses.json_response(openapi.document(urls.base(app.current_event.raw_event)))


def _wish(asked: Mapping[str, Any]) -> JobRequest:
    if unknown := asked.keys() - set(_FIELDS):
        raise ApiError("invalid_request", f"There is no field {min(unknown)[:80]}. There are: {', '.join(_FIELDS)}.")
    options = asked.get("options") or {}
    if not isinstance(options, dict):
        raise BadOptions('options must be a JSON object, such as {"format": "webp"}.')
    wiring.deps().config.options.overridden_by(options)
    request = JobRequest(
        options=options,
        image_url=_url(asked, "image_url", "invalid_image_url"),
        callback_url=_url(asked, "callback_url", "invalid_callback_url"),
        content_type=asked.get("content_type") or CONTENT_TYPES[0],
    )
    if request.content_type not in CONTENT_TYPES:
        raise ApiError("invalid_request", f"content_type must be one of {', '.join(CONTENT_TYPES)}.")
    if sum(map(len, request.metadata().values())) > LONGEST_OPTIONS + LONGEST_CALLBACK:
        raise BadOptions(f"options and callback_url have more than {LONGEST_OPTIONS + LONGEST_CALLBACK} bytes.")
    return request


def _url(asked: Mapping[str, Any], name: str, code: str) -> str | None:
    """A URL that may be asked as far as its words tell; whoever asks it looks again."""
    value = asked.get(name)
    if value is None:
        return None
    try:
        if isinstance(value, str) and value.isascii():
            guard.target(value, wiring.deps().policy)
            return value
    except FetchRefused as error:
        logger.info("http", extra={"code": code, "reason": error.detail})
    raise ApiError(code, f"{name} must be a public address in ASCII that begins with https://.")
