"""`plan`: what a backfill would do, what it would cost, and how long it would take."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Literal

import pipeline
from handler.aws import listing, reports
from handler.aws.bucket import S3Store
from handler.backfill import costs, lists
from handler.backfill.costs import Work
from handler.backfill.site import Site
from handler.backfill.survey import Filters, Finding, survey
from handler.config import BucketConfig
from handler.cutouts import results
from handler.errors import SourceMissing
from pipeline.models.choice import AUTO

Only = Literal["all", "missing", "outdated"]
"""Which of the images are tasks of the job: all, those without a result, or those also whose result is of another
version, model or options. With all, S3 makes the list, and finished images cost their requests."""
_READERS = 32
"""Reports that are read at the same time."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person asks for. url: of an inventory or a manifest; None for the bucket itself."""

    filters: Filters
    only: Only = "all"
    url: str | None = None


def findings(site: Site, wanted: Wanted) -> Iterator[Finding]:
    """Each image of the list, and what a backfill does with it. Raises BadConfig, SourceMissing, StoreUnavailable."""
    config, prefix = site.config, wanted.filters.prefix
    images = (
        lists.of_bucket(site.s3, config.input_bucket, prefix)
        if wanted.url is None
        else lists.of_file(site.store, wanted.url, config.input_bucket)
    )
    outputs = listing.objects(site.s3, config.output_bucket, prefix)
    found = survey(images, outputs, wanted.filters, config.options.max_bytes)
    return found if wanted.only != "outdated" else _with_reports(found, site.store, config)


def chosen(found: Iterable[Finding], only: Only) -> Iterator[str]:
    """The keys that belong into a manifest."""
    for finding in found:
        if finding.kind != "left_out" and (finding.kind != "done" or only == "all"):
            yield finding.image.key


def counted(found: Iterable[Finding]) -> Counter[str]:
    """How many findings there are of each kind."""
    return Counter(finding.kind for finding in found)


def work(counts: Counter[str], only: Only, ms: float) -> Work:
    """What a job would have to do."""
    repeated = counts["done"] if only == "all" else 0
    return Work(counts["cut"], repeated, counts["too_large"] + counts["not_an_image"], ms)


def text(counts: Counter[str], tasks: Work, memory_mb: int, concurrencies: Sequence[int]) -> str:
    """The plan for a person."""
    prices = costs.dollars(tasks, memory_mb)
    lines = [
        f"{counts['cut']:>13,}  images to cut",
        f"{counts['done']:>13,}  are done",
        f"{counts['too_large']:>13,}  would be rejected: too many bytes",
        f"{counts['not_an_image']:>13,}  would be rejected: the suffix is not an image's",
        f"{counts['left_out']:>13,}  left out by the filters, or empty",
        "",
        f"${sum(prices.values()):,.2f}: " + ", ".join(f"{name} ${price:,.2f}" for name, price in prices.items()) + ".",
        f"At {tasks.ms:,.0f} ms an image and {memory_mb:,} MB. Storage, logs and traces come on top.",
        "",
        "containers  hours",
    ]
    for concurrency in concurrencies:
        estimate = costs.hours(tasks, concurrency)
        lines.append(f"{concurrency:>10,}  {estimate.hours:,.1f}" + "  (S3's limits)" * (estimate.bound == "S3"))
    return "\n".join(lines)


def _with_reports(found: Iterator[Finding], store: S3Store, config: BucketConfig) -> Iterator[Finding]:
    """The findings, where a result that is outdated makes its image one to cut. Reads every report, $0.40 a million."""

    def judged(finding: Finding) -> Finding:
        if finding.kind == "done" and _is_outdated(finding.image.key, store, config):
            return finding._replace(kind="cut")
        return finding

    with ThreadPoolExecutor(_READERS) as pool:
        while batch := list(islice(found, 50 * _READERS)):
            yield from pool.map(judged, batch)


def _is_outdated(key: str, store: S3Store, config: BucketConfig) -> bool:
    """Whether the result is of another version, model or options than the deployment's, or failed.

    An image with options of its own always counts as outdated; BackfillFunction then finds that nothing is to be done.
    """
    try:
        report = reports.stored(store, config.output_bucket, key)
    except (SourceMissing, ValueError):
        return True
    model = report.get("model")
    return (
        report.get("status") == "failed"
        or report.get("hairline") != pipeline.__version__
        or report.get("options_digest") != results.with_matte(config.options).digest()
        or model is None
        # Which of its models `auto` asks depends on the image.
        or (config.model.name != AUTO and model["name"] not in config.model.name.split("+"))
    )
