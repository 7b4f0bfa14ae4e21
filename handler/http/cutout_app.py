"""ApiCutoutFunction: POST /v1.0/removebg and POST /v1/cutouts."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from handler import dispositions, observability
from handler.dispositions import Disposition
from handler.events import api_gateway
from handler.http import accept, body, cutting, fitting, queries, responses, routes, urls, view_routes, wiring
from handler.http.api_errors import ApiError, from_image_error
from handler.http.measures import Measures
from handler.http.removebg import ParsedRequest, in_percent, parse
from handler.http.responses import MAX_RESPONSE_BYTES
from handler.jobs import Status
from handler.observability import Processed, logger, tracer
from pipeline import decode
from pipeline.errors import BadOptions, ImageTooLarge, InputError, OutOfTime
from pipeline.options import Options
from pipeline.report import CutReport
from pipeline.sniff import sniff
from pipeline.types import Encoded, Result

SMALLER = "Use size=auto for the largest result that is possible, or POST /v1/jobs, which has no such limit."

app = routes.resolver()
app.include_router(view_routes.router)


@tracer.capture_lambda_handler(capture_response=False)
@logger.inject_lambda_context
def on_cutout_request(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """The entry point, through API Gateway's proxy integration."""
    return routes.resolve(app, event, context, wiring.cutouts().config)


@app.post("/v1.0/removebg")
def removebg() -> Response[Any]:
    """remove.bg's endpoint; docs/http-api.md lists the differences.

    Its clients write the body of a success to a file, so whatever is not an image has an error status.
    """
    event = app.current_event.raw_event
    tenant = routes.tenant(event)
    form = body.parse(routes.header(event, "content-type"), api_gateway.body(event))
    wanted = parse(form.texts, form.files)
    options, made = _removed(wanted, tenant)
    output, measures = made.output, Measures.of_cutout(made.report, options.shrink_to_megapixels)
    if len(output.data) > MAX_RESPONSE_BYTES and wanted.shrink_to_fit:
        output, measures = _fitting(output, measures, options)
    if len(output.data) > MAX_RESPONSE_BYTES:
        size, limit = (f"{count / 1e6:.1f} MB" for count in (len(output.data), MAX_RESPONSE_BYTES))
        raise ApiError("result_too_large", f"The result is {size}, and a response holds {limit}. {SMALLER}")
    headers = measures.headers() | {"X-Credits-Charged": "0"}
    if not accept.prefers_json(routes.header(event, "accept")):
        return Response(200, output.content_type, output.data, headers=headers)
    sides = zip(("left", "top", "width", "height"), measures.subject.described(), strict=True)
    return responses.image_in_json(output.data, {f"foreground_{name}": side for name, side in sides}, headers)


def _removed(wanted: ParsedRequest, tenant: str) -> tuple[Options, Result[CutReport]]:
    """The options at which the image was cut, and the result. Raises ApiError."""
    deps = wiring.cutouts()
    data = deps.sources.image(*wanted.source)
    changes: dict[str, Any] = dict(wanted.options)
    if wanted.background is not None:
        changes["background"] = deps.sources.background(*wanted.background)
    try:
        options = deps.config.options.overridden_by(changes)
        size = _measured(data, options, tenant)
        if options.roi is not None:
            changes["roi"] = in_percent(options.roi, size)
        options = deps.config.options.overridden_by(changes)
        if wanted.shrink_to_fit:
            return _cut_in_time(data, size, options, tenant)
        return options, _cut(data, size, options, tenant, final=True)
    except InputError as error:
        api_error = from_image_error(error)
        if isinstance(error, ImageTooLarge) and len(data) > deps.config.options.max_bytes:
            api_error = ApiError("file_too_large", str(error))
        if wanted.background is not None and isinstance(error, BadOptions) and "background" in str(error):
            api_error = ApiError("invalid_bg_image", str(error))
        raise api_error from error
    except OutOfTime as error:
        raise ApiError("takes_too_long", f"{error} {SMALLER}") from error


def _cut_in_time(
    data: bytes, size: tuple[int, int], options: Options, tenant: str
) -> tuple[Options, Result[CutReport]]:
    """The largest result that is ready in time. Each try is smaller, because this machine may be slow."""
    most, left = options.shrink_to_megapixels or math.inf, partial(_seconds_left, cutting.FIRST_TRY_SECONDS)
    while True:
        most = min(most, cutting.megapixels_in_time(size, left()))
        smaller = replace(options, shrink_to_megapixels=most)
        try:
            return smaller, _cut(data, size, smaller, tenant, final=most <= cutting.MIN_MEGAPIXELS, left=left)
        except OutOfTime:
            if most <= cutting.MIN_MEGAPIXELS:
                raise
        most, left = max(cutting.MIN_MEGAPIXELS, most / 4), partial(_seconds_left)


def _fitting(output: Encoded, measures: Measures, options: Options) -> tuple[Encoded, Measures]:
    """The result with as many pixels as fit into a response."""
    smaller, size = fitting.shrunk_to_fit(output, MAX_RESPONSE_BYTES, quality=options.quality, depth=options.depth)
    return smaller, measures.scaled(size)


@app.post("/v1/cutouts")
def cutouts() -> Response[Any]:
    """The body is the image, the query has its options. What would take too long becomes a job."""
    event = app.current_event.raw_event
    tenant = routes.tenant(event)
    changes = queries.changes(event.get("multiValueQueryStringParameters") or {})
    deps = wiring.cutouts()
    data, options = api_gateway.body(event), deps.config.options.overridden_by(changes)
    size = _measured(data, options, tenant)
    try:
        made = _cut(data, size, options, tenant, final=False)
    except OutOfTime:
        job = deps.jobs.accept(tenant, data, f"image/{sniff(data)}", changes)
        return responses.json_response(job, 202, {"Location": urls.job(event, job["id"])})
    output, measures = _asked_for(made, options)
    quality, model = made.report["quality"], made.report["model"]
    headers = measures.headers() | {
        "X-Hairline-Confidence": f"{quality['confidence']:.3f}",
        "X-Hairline-Needs-Review": "true" if quality["needs_review"] else "false",
        "X-Hairline-Reasons": ",".join(reason["code"] for reason in quality["reasons"]),
        "X-Hairline-Model": model["name"] if model else "",
    }
    return responses.image(output.data, output.content_type, headers, deps.responses, tenant)


def _asked_for(made: Result[CutReport], options: Options) -> tuple[Encoded, Measures]:
    """The one image that answers a request: the marketplace's listing image if it names one, else the cutout."""
    for name, listing in made.listings.items():
        return listing, Measures.of_listing(made.report, name)
    fixed = options.canvas is not None
    return made.output, Measures.of_cutout(made.report, options.shrink_to_megapixels, fixed=fixed)


def _seconds_left(at_most: float = math.inf) -> float:
    received = app.current_event.raw_event["requestContext"]["requestTimeEpoch"] / 1000
    lambda_left = app.lambda_context.get_remaining_time_in_millis() / 1000
    return min(at_most, cutting.seconds_left(lambda_left, received, time.time()))


def _measured(data: bytes, options: Options, tenant: str) -> tuple[int, int]:
    """(width, height) of the image. Raises InputError, which is recorded."""
    with _recorded(tenant):
        return decode.measure(data, **options.limits())


def _cut(
    data: bytes,
    size: tuple[int, int],
    options: Options,
    tenant: str,
    *,
    final: bool,
    left: Callable[[], float] = _seconds_left,
) -> Result[CutReport]:
    """The result, recorded in log and metrics; so are errors. left: seconds. final: see `_recorded`."""
    begin = time.perf_counter()
    with _recorded(tenant, final=final):
        made = cutting.cut(data, size, options, wiring.segmenter, left)
    _record(tenant, begin, "done", report=made.report)
    return made


@contextmanager
def _recorded(tenant: str, *, final: bool = True) -> Iterator[None]:
    """Record an error in log and metrics, and raise it.

    final: whether OutOfTime is the end of the image; if not, a smaller try or CutoutFunction records it.
    """
    begin = time.perf_counter()
    try:
        yield
    except OutOfTime as error:
        if final:
            _record(tenant, begin, Disposition.REJECT, error=error)
        raise
    except Exception as error:
        _record(tenant, begin, dispositions.of(error).disposition, error=error)
        raise


def _record(
    tenant: str, begin: float, status: Status, *, report: CutReport | None = None, error: Exception | None = None
) -> None:
    identity = {"tenant": tenant, "request": app.current_event.raw_event["requestContext"].get("requestId")}
    ms = 1000 * (time.perf_counter() - begin)
    image = Processed(door="http", identity=identity, status=status, ms=ms, report=report, error=error)
    observability.record(image)
