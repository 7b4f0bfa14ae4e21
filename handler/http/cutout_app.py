"""ApiCutoutFunction: POST /v1.0/removebg and POST /v1/cutouts."""

import base64
import binascii
import time
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from handler import dispositions, observability
from handler.events import api_gateway
from handler.http import accept, body, cutting, parameters, queries, responses, routes, urls, wiring
from handler.http.api_errors import LARGER, ApiError, from_fetch_error, from_image_error
from handler.http.cutting import CutRequest
from handler.jobs import Status
from handler.observability import Processed, logger, tracer
from pipeline import decode
from pipeline.errors import BadOptions, HairlineError, ImageTooLarge, InputError
from pipeline.report import CutReport
from pipeline.types import Result

app = routes.resolver()


@tracer.capture_lambda_handler(capture_response=False)
@logger.inject_lambda_context
def on_cutout_request(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """The entry point, through API Gateway's proxy integration."""
    return routes.resolve(app, event, context, wiring.deps().config)


@app.post("/v1.0/removebg")
def removebg() -> Response[Any]:
    """remove.bg's endpoint; docs/http-api.md lists the differences."""
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
            raise ApiError("file_too_large", str(ImageTooLarge.of_file(len(data), options.max_bytes)))
        if options.roi is not None:
            changes["roi"] = parameters.in_percent(options.roi, decode.measure(data, **options.limits()))
            options = deps.config.options.overridden_by(changes)
        described = options.described()
        portable = {name: described[name] for name in changes} if wanted.background is None else None
        made = _cut(CutRequest(data, options, portable), tenant)
    except InputError as error:
        api_error = from_image_error(error)
        if wanted.background is not None and isinstance(error, BadOptions) and "background" in str(error):
            api_error = ApiError("invalid_bg_image", str(error))
        raise api_error from error
    if not isinstance(made, Result):
        return _job_response(made)
    subject = dict(zip(("left", "top", "width", "height"), made.report["output"]["subject"] or (0,) * 4, strict=True))
    headers = _size_headers(made) | {"X-Credits-Charged": "0"}
    if not accept.prefers_json(routes.header(event, "accept")):
        return responses.image(made.output.data, made.output.content_type, headers, deps.responses, tenant)
    foreground = {f"foreground_{name}": value for name, value in subject.items()}
    output = made.output
    return responses.image_in_json(output.data, output.content_type, foreground, headers, deps.responses, tenant)


@app.post("/v1/cutouts")
def cutouts() -> Response[Any]:
    """The body is the image, the query has its options."""
    event = app.current_event.raw_event
    tenant = routes.tenant(event)
    changes = queries.changes(event.get("multiValueQueryStringParameters") or {})
    deps = wiring.deps()
    request = CutRequest(api_gateway.body(event), deps.config.options.overridden_by(changes), changes)
    made = _cut(request, tenant)
    if not isinstance(made, Result):
        return _job_response(made)
    output = next(iter(made.listings.values()), made.output)
    quality, model = made.report["quality"], made.report["model"]
    headers = _size_headers(made) | {
        "X-Hairline-Confidence": f"{quality['confidence']:.3f}",
        "X-Hairline-Needs-Review": "true" if quality["needs_review"] else "false",
        "X-Hairline-Reasons": ",".join(reason["code"] for reason in quality["reasons"]),
        "X-Hairline-Model": model["name"] if model else "",
    }
    return responses.image(output.data, output.content_type, headers, deps.responses, tenant)


def _cut(request: CutRequest, tenant: str) -> Result[CutReport] | dict[str, Any]:
    """The result, or the status of a job. Images that become jobs are recorded when CutoutFunction cuts them."""

    def make_job(request: CutRequest, content_type: str) -> dict[str, Any]:
        return wiring.deps().jobs.accept(tenant, request.data, content_type, request.changes or {})

    def seconds_left() -> float:
        received = app.current_event.raw_event["requestContext"]["requestTimeEpoch"] / 1000
        return cutting.seconds_left(app.lambda_context.get_remaining_time_in_millis() / 1000, received, time.time())

    def record(status: Status, report: CutReport | None = None, error: Exception | None = None) -> None:
        identity = {"tenant": tenant, "request": app.current_event.raw_event["requestContext"].get("requestId")}
        ms = 1000 * (time.perf_counter() - begin)
        image = Processed(door="http", identity=identity, status=status, ms=ms, report=report, error=error)
        observability.record(image)

    begin = time.perf_counter()
    try:
        made = cutting.cut(request, wiring.segmenter, seconds_left, make_job)
    except Exception as error:
        record(dispositions.of(error).disposition, error=error)
        raise
    if isinstance(made, Result):
        record("done", made.report)
    return made


def _job_response(job: Mapping[str, Any]) -> Response[Any]:
    location = urls.job(app.current_event.raw_event, job["id"])
    return responses.json_response(job, 202, {"Location": location})


def _size_headers(made: Result[CutReport]) -> dict[str, str]:
    """The sizes of source, result and subject, in remove.bg's headers."""
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
        return _downloaded(name, value, "invalid_image_url", "failed_image_download")
    if isinstance(value, bytes):
        return value
    if name == "image_file":
        raise ApiError("invalid_file_type", "image_file must be a file. Send text as image_file_b64.")
    # Browsers put a prefix before base64: data:image/png;base64,...
    text = value.partition(",")[2] if value.startswith("data:") else value
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ApiError("failed_to_read_image", f"image_file_b64 is not base64: {error}. {LARGER}") from error


def _background(name: str, value: str | bytes) -> bytes:
    if name == "bg_image_url":
        return _downloaded(name, value, "invalid_bg_image_url", "failed_bg_download")
    if isinstance(value, bytes) and value:
        return value
    raise ApiError("invalid_bg_image", "bg_image_file must be a file that is not empty.")


def _downloaded(name: str, url: str | bytes, invalid: str, failed: str) -> bytes:
    if isinstance(url, bytes) or not url.startswith(("https://", "http://")):
        raise ApiError(invalid, f"{name} must begin with https://.")
    try:
        return wiring.deps().fetcher.get(url).data
    except HairlineError as error:
        raise from_fetch_error(error, failed) from error
