"""The function that cuts: POST /v1.0/removebg and POST /v1/cutouts."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from handler.events import api_gateway
from handler.http import body, cutting, parameters, queries, responses, routes, urls, wiring
from handler.http.api_errors import LARGER, ApiError, from_fetch_error, from_image_error
from handler.http.cutting import CutRequest
from handler.observability import logger, tracer
from pipeline import decode
from pipeline.errors import BadOptions, HairlineError, InputError
from pipeline.types import Result

app = routes.resolver()


@tracer.capture_lambda_handler(capture_response=False)
@logger.inject_lambda_context
def on_cutout_request(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """API Gateway, proxy integration."""
    return routes.resolve(app, event, context)


@app.post("/v1.0/removebg")
def removebg() -> Response[Any]:
    """As remove.bg's endpoint of this name, as far as docs/http-api.md does not say otherwise."""
    event = app.current_event.raw_event
    tenant = routes.tenant(event)
    form = body.parse(routes.header(event, "content-type"), api_gateway.body(event))
    wanted = parameters.wanted(form.texts, form.files)
    deps = wiring.deps()
    data = _source(*wanted.source)
    changes: dict[str, Any] = dict(wanted.options)
    if wanted.background is not None:
        changes["background"] = _background(*wanted.background)
    try:
        options = deps.config.options.overridden_by(changes)
        if len(data) > options.max_bytes:
            raise ApiError("file_too_large", f"At most {options.max_bytes:,} bytes are taken.")
        if options.roi is not None:
            changes["roi"] = parameters.in_percent(options.roi, decode.measure(data, **options.limits()))
            options = deps.config.options.overridden_by(changes)
        described = options.described()
        portable = {name: described[name] for name in changes} if wanted.background is None else None
        made = _cut(CutRequest(data, options, portable), tenant)
    except InputError as error:
        refusal = from_image_error(error)
        if wanted.background is not None and isinstance(error, BadOptions) and "background" in str(error):
            refusal = ApiError("invalid_bg_image", str(error))
        raise refusal from error
    if not isinstance(made, Result):
        return _job(made)
    subject = dict(zip(("left", "top", "width", "height"), made.report["output"]["subject"] or (0,) * 4, strict=True))
    headers = _measures(made) | {"X-Credits-Charged": "0"}
    if "application/json" not in routes.header(event, "accept"):
        return responses.image(made.output.data, made.output.content_type, headers, deps.responses, tenant)
    more = {f"foreground_{name}": value for name, value in subject.items()}
    output = made.output
    return responses.image_in_json(output.data, output.content_type, more, headers, deps.responses, tenant)


@app.post("/v1/cutouts")
def cutouts() -> Response[Any]:
    """The body is the picture, the query its options."""
    event = app.current_event.raw_event
    tenant = routes.tenant(event)
    changes = queries.changes(event.get("multiValueQueryStringParameters") or {})
    deps = wiring.deps()
    request = CutRequest(api_gateway.body(event), deps.config.options.overridden_by(changes), changes)
    made = _cut(request, tenant)
    if not isinstance(made, Result):
        return _job(made)
    output = next(iter(made.listings.values()), made.output)
    quality = made.report["quality"]
    headers = _measures(made) | {
        "X-Hairline-Confidence": f"{quality['confidence']:.3f}",
        "X-Hairline-Needs-Review": "true" if quality["needs_review"] else "false",
        "X-Hairline-Reasons": ",".join(str(reason["code"]) for reason in quality["reasons"]),
        "X-Hairline-Model": made.report["model"]["name"],
    }
    return responses.image(output.data, output.content_type, headers, deps.responses, tenant)


def _cut(request: CutRequest, tenant: str) -> Result | dict[str, Any]:
    def later(request: CutRequest, content_type: str) -> dict[str, Any]:
        return wiring.deps().jobs.accept(tenant, request.data, content_type, request.changes or {})

    def left() -> float:
        return float(app.lambda_context.get_remaining_time_in_millis() / 1000)

    return cutting.cut(request, wiring.segmenter, left, later)


def _job(told: Mapping[str, Any]) -> Response[Any]:
    location = urls.job(app.current_event.raw_event, told["id"])
    return responses.json_response(told, 202, {"Location": location})


def _measures(made: Result) -> dict[str, str]:
    """The sizes, in remove.bg's headers."""
    source, output = made.report["source"], made.report["output"]
    left, top, width, height = output["subject"] or (0, 0, 0, 0)
    return {
        "X-Width": str(output["width"]),
        "X-Height": str(output["height"]),
        "X-Max-Width": str(source["width"]),
        "X-Max-Height": str(source["height"]),
        "X-Foreground-Top": str(top),
        "X-Foreground-Left": str(left),
        "X-Foreground-Width": str(width),
        "X-Foreground-Height": str(height),
    }


def _source(name: str, value: str | bytes) -> bytes:
    if name == "image_url":
        return _fetched(value, "invalid_image_url", "failed_image_download")
    if isinstance(value, bytes):
        return value
    if name == "image_file":
        raise ApiError("invalid_file_type", "image_file must be a file; text belongs into image_file_b64.")
    # Browsers give base64 with a heading: data:image/png;base64,...
    text = value.partition(",")[2] if value.startswith("data:") else value
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ApiError("failed_to_read_image", f"image_file_b64 is not base64: {error}. {LARGER}") from error


def _background(name: str, value: str | bytes) -> bytes:
    if name == "bg_image_url":
        return _fetched(value, "invalid_bg_image_url", "failed_bg_download")
    if isinstance(value, bytes) and value:
        return value
    raise ApiError("invalid_bg_image", "bg_image_file must be a file that is not empty.")


def _fetched(url: str | bytes, invalid: str, failed: str) -> bytes:
    if isinstance(url, bytes) or not url.startswith(("https://", "http://")):
        raise ApiError(invalid, "It must begin with https://.")
    try:
        return wiring.deps().fetcher.get(url).data
    except HairlineError as error:
        raise from_fetch_error(error, failed) from error
