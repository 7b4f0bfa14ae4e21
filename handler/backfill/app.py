"""The entry point of BackfillFunction."""

from dataclasses import replace
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from handler.backfill import arguments, mattes, wiring
from handler.cutouts import work
from handler.dispositions import RETRY
from handler.events import s3_batch
from handler.jobs import Outcome
from handler.observability import logger, tracer
from pipeline.errors import HairlineError


@tracer.capture_lambda_handler(capture_response=False)
@logger.inject_lambda_context
def on_batch(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """S3 Batch Operations -> Lambda, one image a call. Raises BadEvent for an event that S3 Batch cannot have sent."""
    job, given = s3_batch.parse(event)
    try:
        asked = arguments.Arguments.parse(given)
        deps = wiring.deps()
        config = replace(deps.config, options=deps.config.options.overridden_by(asked.options))
    except HairlineError as error:
        # A fault of the deployment or of the job: S3 sends the task again, and then reports it.
        logger.exception("start", extra={"code": error.code, "reason": str(error)})
        return s3_batch.reply(event, Outcome(job, RETRY, error=error))
    outcome = work.process(
        job,
        replace(deps, config=config),
        lambda: context.get_remaining_time_in_millis() / 1000,
        mattes.cut if asked.reuse_mattes else work.cut,
    )
    return s3_batch.reply(event, outcome)
