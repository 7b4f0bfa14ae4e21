"""The entry point of BackfillEndFunction: one notification for a whole backfill, with the sums of its report."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from handler import keys, notifications
from handler.backfill import completion, end_wiring
from handler.backfill.completion import Tally
from handler.backfill.end_wiring import Deps
from handler.events import eventbridge
from handler.jobs import ObjectRef
from handler.observability import logger, tracer


@tracer.capture_lambda_handler(capture_response=False)
@logger.inject_lambda_context
def on_report(event: dict[str, Any], context: LambdaContext) -> None:  # noqa: ARG001  Lambda passes it
    """S3 -> EventBridge -> Lambda: S3 Batch Operations has written the last file of a completion report."""
    for job in eventbridge.parse(event):
        announce(job.source, end_wiring.deps())


def announce(report: ObjectRef, deps: Deps) -> None:
    """Send the event `hairline.backfilled`, unless it was sent before. report: the report's last file.

    Raises SourceMissing, StoreUnavailable.
    """
    job = keys.backfill_of_report(report.key)
    tally = Tally.of(completion.lines(deps.store, report.bucket, job))
    data = {**tally.described(), "report": {"bucket": report.bucket, "key": report.key}}
    notification = notifications.from_backfill(job, data)
    if deps.state.read(keys.published(notification.id)) is None:
        deps.bus.send(notification)
        deps.state.create(keys.published(notification.id), {"kind": notification.kind})
