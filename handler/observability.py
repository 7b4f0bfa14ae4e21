"""What operators see: a log line, metrics and trace segments for each image. Never the image itself."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from aws_lambda_powertools import Logger, Tracer
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from handler.dispositions import Disposition
from handler.errors import code
from handler.jobs import Status
from pipeline.errors import HairlineError
from pipeline.report import CutReport, StoredReport

NAMESPACE = "Hairline"

# Powertools takes the service's name, which distinguishes two stacks of an account, from POWERTOOLS_SERVICE_NAME.
logger = Logger()
tracer = Tracer(patch_modules=["botocore"])

Door = Literal["queue", "http", "backfill"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Processed:
    """An image that was processed, or failed.

    door: where it came in. identity: the fields that identify it in the log. ms: how long it took. version: Lambda's
    version of CutoutFunction; None for the other doors. report: for a done image, with its source and quality.
    """

    door: Door
    identity: Mapping[str, Any]
    status: Status
    ms: float
    version: str | None = None
    report: CutReport | StoredReport | None = None
    error: Exception | None = None


@contextmanager
def span(name: str) -> Iterator[None]:
    """A subsegment of the trace; nothing outside Lambda."""
    with tracer.provider.in_subsegment(name=f"## {name}"):
        yield


def record(image: Processed) -> None:
    """Log and count an image. Its log line has the message "image"."""
    _log(image)
    _count(image)


def _log(image: Processed) -> None:
    error = image.error
    facts = {**image.identity, "door": image.door, "outcome": image.status, "ms": round(image.ms)}
    if error is None:
        logger.info("image", extra=facts)
        return
    facts |= {"code": code(error), "reason": str(error)}
    # A rejected image is routine. Only alarms and bugs need a traceback.
    if image.status == Disposition.ALARM or not isinstance(error, HairlineError):
        logger.error("image", extra=facts, exc_info=error)
    elif image.status == Disposition.RETRY:
        logger.warning("image", extra=facts)
    else:
        logger.info("image", extra=facts)


def _count(image: Processed) -> None:
    """Print metrics in CloudWatch's embedded metric format: attempts by version, images by outcome, images by door.

    Attempts count the queue's images only, since the alarms on a new version are CutoutFunction's. Each set of
    dimensions has a line of its own, since CloudWatch bills each metric for each combination of dimensions.
    """
    if image.version is not None:
        attempts = _metrics(version=image.version)
        attempts.add_metric("Attempts", MetricUnit.Count, 1)
        # Zeros too: an alarm cannot calculate a share from a metric without data.
        attempts.add_metric("Failed", MetricUnit.Count, int(image.status in (Disposition.RETRY, Disposition.ALARM)))
        attempts.flush_metrics()

    images = _metrics(outcome=image.status)
    images.add_metric("Images", MetricUnit.Count, 1)
    images.add_metric("Milliseconds", MetricUnit.Milliseconds, image.ms)
    report = image.report
    if image.status == "done" and report is not None and report["status"] == "done":
        source = report["source"]
        images.add_metric("Megapixels", MetricUnit.Count, source["width"] * source["height"] / 1e6)
        images.add_metric("NeedsReview", MetricUnit.Count, int(report["quality"]["needs_review"]))
    images.flush_metrics()

    doors = EphemeralMetrics(namespace=NAMESPACE, default_dimensions={"service": logger.service, "door": image.door})
    doors.add_metric("Images", MetricUnit.Count, 1)
    doors.add_metric("Milliseconds", MetricUnit.Milliseconds, image.ms)
    doors.flush_metrics()


def _metrics(**dimension: str) -> EphemeralMetrics:
    """Metrics with two sets of dimensions: the service, and the service with this dimension."""
    metrics = EphemeralMetrics(namespace=NAMESPACE, default_dimensions={"service": logger.service})
    metrics.add_dimensions(**dimension)
    return metrics
