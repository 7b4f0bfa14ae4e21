"""What operators see: a log line, metrics and trace segments for each picture. Never the picture itself."""

from collections.abc import Iterator
from contextlib import contextmanager

from aws_lambda_powertools import Logger, Tracer
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from handler.dispositions import Disposition
from handler.jobs import Outcome
from pipeline.errors import HairlineError

NAMESPACE = "Hairline"

# Powertools takes the service's name, which tells two stacks of an account apart, from POWERTOOLS_SERVICE_NAME.
logger = Logger()
tracer = Tracer(patch_modules=["botocore"])


@contextmanager
def span(name: str) -> Iterator[None]:
    """A subsegment of the trace; nothing outside Lambda."""
    with tracer.provider.in_subsegment(name=f"## {name}"):
        yield


def record(outcome: Outcome, ms: float, version: str) -> None:
    """Log and count how a job ended. ms: how long it took. version: of the function, as Lambda numbers them."""
    _log(outcome, ms)
    _count(outcome, ms, version)


def _log(outcome: Outcome, ms: float) -> None:
    job, error = outcome.job, outcome.error
    facts = {
        "bucket": job.source.bucket,
        "key": job.source.key,
        "version": job.version,
        "etag": job.etag,
        "outcome": outcome.status,
        "ms": round(ms),
    }
    if error is None:
        logger.info("picture", extra=facts)
        return
    facts |= {"code": error.code if isinstance(error, HairlineError) else type(error).__name__, "reason": str(error)}
    # A traceback where somebody will have to look for a mistake of ours; a refused picture is an ordinary day.
    unforeseen = outcome.status == Disposition.ALARM or not isinstance(error, HairlineError)
    if unforeseen:
        logger.error("picture", extra=facts, exc_info=error)
    elif outcome.status == Disposition.RETRY:
        logger.warning("picture", extra=facts)
    else:
        logger.info("picture", extra=facts)


def _count(outcome: Outcome, ms: float, version: str) -> None:
    """EMF on standard output, each line for the service as a whole too: images by outcome, and tries by version.

    An alarm on a new version must not count what an older one did. The two are separate since each metric is billed for
    each combination of dimensions.
    """
    tries = _metrics(version=version)
    tries.add_metric("Tries", MetricUnit.Count, 1)
    # Zeros too: a share of something that was never written cannot be calculated.
    tries.add_metric("Failed", MetricUnit.Count, int(outcome.status in (Disposition.RETRY, Disposition.ALARM)))
    tries.flush_metrics()

    metrics = _metrics(outcome=outcome.status)
    metrics.add_metric("Pictures", MetricUnit.Count, 1)
    metrics.add_metric("Milliseconds", MetricUnit.Milliseconds, ms)
    if outcome.status == "done":
        source = outcome.report["source"]
        metrics.add_metric("Megapixels", MetricUnit.Count, source["width"] * source["height"] / 1e6)
        metrics.add_metric("NeedsReview", MetricUnit.Count, int(outcome.report["quality"]["needs_review"]))
    metrics.flush_metrics()


def _metrics(**dimension: str) -> EphemeralMetrics:
    """Metrics of the service as a whole, and of the service by one dimension more."""
    metrics = EphemeralMetrics(namespace=NAMESPACE, default_dimensions={"service": logger.service})
    metrics.add_dimensions(**dimension)
    return metrics
