"""The entry points of CutoutFunction, one for each trigger, and of DeadLetterFunction."""

import functools
import json
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, FailureResponse, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext
from snapshot_restore_py import register_before_snapshot

from handler.cutouts import failures, retries, wiring, work
from handler.errors import StoreUnavailable
from handler.events import s3, sqs
from handler.observability import logger, tracer

# So a SnapStart snapshot holds the loaded weights and the clients, and not only the imported modules.
register_before_snapshot(wiring.deps)


@tracer.capture_lambda_handler(capture_response=False)
@logger.inject_lambda_context
def on_queue(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """S3 -> SQS -> Lambda. The reply names the messages to retry."""
    deps = wiring.deps()

    def one(record: SQSRecord) -> None:
        attempt = _attempt(record)
        with logger.append_context_keys(message_id=record.message_id, attempt=attempt):
            work.process_message(
                record.body,
                functools.partial(sqs.parse, record.body),
                deps,
                _clock(context),
                first_try=attempt == 1,
                last_try=attempt >= retries.MAX_TRIES,
            )

    # Raising when all messages fail would mean the same to the queue, but count as an error of the function and slow
    # down the mapping: with one message in a batch, each temporary fault of S3 would set off the alarm.
    processor = _Postponing(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    return process_partial_response(event, one, processor, context)


@tracer.capture_lambda_handler(capture_response=False)
@logger.inject_lambda_context
def on_s3(event: dict[str, Any], context: LambdaContext) -> None:
    """S3 -> Lambda, asynchronous. Lambda retries after an error, then sends the event to the on-failure destination."""
    work.process_message(json.dumps(event), functools.partial(s3.parse, event), wiring.deps(), _clock(context))


@tracer.capture_lambda_handler(capture_response=False)
@logger.inject_lambda_context
def on_given_up(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Messages that SQS gave up, because CutoutFunction was killed or could not start at each try."""
    deps = wiring.failure_deps()

    def one(record: SQSRecord) -> None:
        failures.conclude_unfinished(record.body, functools.partial(sqs.parse, record.body), deps)

    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    return process_partial_response(event, one, processor, context)


class _Postponing(BatchProcessor):
    """Decides when a message that failed is received again."""

    def failure_handler(self, record: SQSRecord, exception: Any) -> FailureResponse:
        """As Powertools calls it, once for each message that failed."""
        wait_s = retries.wait_s(_attempt(record))
        try:
            wiring.visibility().hide(record.event_source_arn, record.receipt_handle, wait_s)
        except StoreUnavailable as error:  # the message then stays hidden for the queue's visibility timeout
            logger.warning("postpone", extra={"message_id": record.message_id, "reason": str(error)})
        return super().failure_handler(record, exception)


def _attempt(record: SQSRecord) -> int:
    return int(record.attributes.approximate_receive_count)


def _clock(context: LambdaContext) -> work.Clock:
    return lambda: context.get_remaining_time_in_millis() / 1000
