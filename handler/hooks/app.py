"""The entry points of WebhookFunction, FetchFunction and CallbackFunction."""

import json
import time
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from handler import dispositions
from handler.errors import BadEvent
from handler.events import api_gateway
from handler.hooks import callbacks, downloads, intake, wiring
from handler.notifications import Delivery
from handler.observability import logger, tracer
from pipeline.errors import HairlineError


@tracer.capture_lambda_handler(capture_response=False)
@logger.inject_lambda_context
def on_webhook(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001  as Lambda calls it
    """POST /hooks/{source} through API Gateway. The response says no more than the sender must know."""
    name = (event.get("pathParameters") or {}).get("source") or ""
    try:
        headers = {key.lower(): values for key, values in (event.get("multiValueHeaders") or {}).items()}
        outcome = intake.accept(name, headers, api_gateway.body(event), wiring.intake_deps(), time.time())
    except HairlineError as error:
        status = dispositions.of(error).http
        log = logger.error if status >= 500 else logger.warning
        log("webhook", extra={"source": name, "status": status, "code": error.code, "reason": str(error)})
        return _response(status, {"error": error.code})
    logger.info("webhook", extra={"source": name, "status": 200, "outcome": outcome})
    return _response(200, {"status": "ok"})


@tracer.capture_lambda_handler(capture_response=False)
@logger.inject_lambda_context
def on_fetch(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """SQS -> Lambda, for the fetch queue: products from webhooks and EventBridge, and single images."""
    deps = wiring.download_deps()

    return _batch(event, lambda record: downloads.process(record.body, deps), context)


@tracer.capture_lambda_handler(capture_response=False)
@logger.inject_lambda_context
def on_callback(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """SQS -> Lambda, for the callback queue."""
    deps = wiring.callback_deps()

    def deliver(record: SQSRecord) -> None:
        try:
            delivery = Delivery.parse(record.body)
            outcome = callbacks.deliver(delivery, deps, time.time())
        except BadEvent as error:
            logger.exception("callback", extra={"code": error.code, "reason": str(error)})
            deps.dead_letters.send(record.body, [error])
            return
        logger.info("callback", extra={"id": delivery.id, "attempt": delivery.attempt, "outcome": outcome})

    return _batch(event, deliver, context)


def _batch(
    event: dict[str, Any], process: Callable[[SQSRecord], object], context: LambdaContext
) -> PartialItemFailureResponse:
    # As in `handler.cutouts.app`: a batch that fails as a whole must not count as a crash of the function.
    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    return process_partial_response(event, process, processor, context)


def _response(status: int, body: dict[str, str]) -> dict[str, Any]:
    return {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": json.dumps(body)}
