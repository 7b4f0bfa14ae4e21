"""ApiJobFunction: account, jobs and the API's description. It never cuts, so it starts fast and costs little."""

import functools
import re
import time
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from handler import keys
from handler.events import api_gateway
from handler.http import body as bodies
from handler.http import image_routes, openapi, recent_results, responses, routes, urls, wiring
from handler.http.api_errors import ApiError
from handler.http.job_service import JobRequest
from handler.http.sources import public_url
from handler.observability import logger, tracer
from handler.untrusted import guard
from pipeline.errors import BadOptions
from pipeline.formats import CONTENT_TYPES

MAX_OPTIONS_BYTES = 1500
"""Of the options as JSON: an object's metadata holds 2 KB, and the callback's URL is there, too."""
MAX_CALLBACK_BYTES = 400
_KEY = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)
_FIELDS = ("options", "image_url", "callback_url", "content_type", "name")
MAX_NAME = 255
"""The most characters in the name of an image's file."""

app = routes.resolver()
app.include_router(image_routes.router)


@tracer.capture_lambda_handler(capture_response=False)
@logger.inject_lambda_context
def on_job_request(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """The entry point, through API Gateway's proxy integration."""
    return routes.resolve(app, event, context, wiring.jobs().config)


@app.route("/v1.0/account", ["GET", "HEAD"])
def account() -> Response[Any]:
    """remove.bg's endpoint. Credits are not counted; every counter is zero."""
    routes.tenant(app.current_event.raw_event)
    credits_ = {"total": 0, "subscription": 0, "payg": 0, "enterprise": 0}
    return responses.json_response(
        {"data": {"attributes": {"credits": credits_, "api": {"free_calls": 0, "sizes": "all"}}}}
    )


@app.post("/v1/jobs")
def submit() -> Response[Any]:
    """Create a job; the same Idempotency-Key finds the same job."""
    event = app.current_event.raw_event
    tenant = routes.tenant(event)
    key = routes.optional_header(event, "idempotency-key")
    if key is not None and not _KEY.fullmatch(key):
        raise ApiError(
            "invalid_idempotency_key", "Idempotency-Key must be 1 to 255 printable ASCII characters without spaces."
        )
    sent = api_gateway.body(event)
    job = wiring.jobs().jobs.submit(tenant, _job_request(bodies.json_object(sent) if sent.strip() else {}), key)
    return responses.json_response(job, 202, {"Location": urls.job(event, job["id"])})


@app.route("/v1/jobs/<id_>", ["GET", "HEAD"])
def status(id_: str) -> Response[Any]:
    """The status of a job."""
    tenant = routes.tenant(app.current_event.raw_event)
    return responses.json_response(_status(tenant, image_routes.checked(id_), int(time.monotonic())))


@app.delete("/v1/jobs/<id_>")
def delete(id_: str) -> Response[Any]:
    """Delete a job and all that belongs to it; a job that is not there counts as deleted."""
    tenant = routes.tenant(app.current_event.raw_event)
    wiring.jobs().jobs.delete(tenant, image_routes.checked(id_))
    _status.cache_clear()
    return Response(204)


@functools.lru_cache(maxsize=1024)
def _status(tenant: str, id_: str, second: int) -> dict[str, Any]:  # noqa: ARG001  a part of the cache's key
    """Looked up once a second for each job, however often a client polls. second: of the monotonic clock."""
    return wiring.jobs().jobs.status(tenant, id_)


@app.route("/v1/results", ["GET", "HEAD"])
def results() -> Response[Any]:
    """What became of the API key's images in the last hours."""
    event = app.current_event.raw_event
    tenant, deps = routes.tenant(event), wiring.jobs()
    hours = recent_results.hours(event.get("multiValueQueryStringParameters"))
    files = deps.images.images.outputs(keys.upload(tenant, ""))
    return responses.json_response(
        recent_results.describe(tenant, hours, files, deps.jobs.store, deps.config.output_bucket)
    )


@app.route("/v1/openapi.json", ["GET", "HEAD"])
def description() -> Response[Any]:
    """The OpenAPI description."""
    return responses.json_response(openapi.document(urls.base(app.current_event.raw_event)))


def _job_request(body: Mapping[str, Any]) -> JobRequest:
    if unknown := body.keys() - set(_FIELDS):
        raise ApiError("invalid_request", f"Unknown field {min(unknown)[:80]}. Known fields: {', '.join(_FIELDS)}.")
    options = body.get("options") or {}
    if not isinstance(options, dict):
        raise BadOptions('options must be a JSON object, such as {"format": "webp"}.')
    wiring.jobs().config.options.overridden_by(options)
    request = JobRequest(
        options=options,
        image_url=_image_url(body.get("image_url")),
        callback_url=_callback_url(body.get("callback_url")),
        content_type=body.get("content_type") or CONTENT_TYPES[0],
        name=_name(body.get("name")),
    )
    if request.content_type not in CONTENT_TYPES:
        raise ApiError("invalid_request", f"Unknown content_type. Known: {', '.join(CONTENT_TYPES)}.")
    if sum(map(len, request.metadata().values())) > MAX_OPTIONS_BYTES + MAX_CALLBACK_BYTES:
        raise BadOptions(
            f"options, callback_url and name are over {MAX_OPTIONS_BYTES + MAX_CALLBACK_BYTES} bytes together. Shorten "
            "them."
        )
    return request


def _name(value: object) -> str | None:
    if value is None or (isinstance(value, str) and 0 < len(value) <= MAX_NAME):
        return value
    raise ApiError("invalid_request", f"name must be text of 1 to {MAX_NAME} characters: the name of the image's file.")


def _image_url(value: object) -> str | None:
    return None if value is None else public_url("image_url", value, "invalid_image_url", wiring.jobs().policy)


def _callback_url(value: object) -> str | None:
    if value is None:
        return None
    policy = wiring.jobs().policy
    url = public_url("callback_url", value, "invalid_callback_url", policy)
    target = guard.target(url, policy)
    if not url.isascii():  # it is stored in an object's metadata
        raise ApiError("invalid_callback_url", "callback_url must be ASCII. Percent-encode other characters.")
    if guard.is_private(target, policy):
        raise ApiError("invalid_callback_url", "callback_url must not name a private address.")
    if not wiring.jobs().registry.can_sign_callbacks():
        raise ApiError(
            "callbacks_not_set_up",
            "Leave callback_url out and poll the job, or ask the operator to register secrets for callbacks.",
        )
    return url
