"""`start`, `status`, `stop`, `resume` and `report`: each is safe to repeat."""

import csv
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from tqdm import tqdm

from handler.aws import deployment
from handler.backfill import completion, costs, lists, planning, requests
from handler.backfill.arguments import Arguments
from handler.backfill.completion import Line, Tally
from handler.backfill.costs import Work
from handler.backfill.planning import Wanted
from handler.backfill.site import Site
from handler.errors import BadConfig, SourceMissing

Confirm = Callable[[str], bool]
"""Asks a person a question."""
_LOOK_S = 5.0
"""How often to look whether S3 has prepared a job."""


def start(
    site: Site,
    wanted: Wanted,
    arguments: Arguments,
    priority: int,
    tags: Mapping[str, str],
    ms: float,
    confirm: Confirm,
) -> int:
    """Create a job, wait until S3 has counted its images, and run it if `confirm` agrees.

    A backfill that has not ended is not started twice. Raises BadConfig, BadOptions, StoreUnavailable.
    """
    if not site.reserved:
        raise BadConfig(
            "BackfillFunction has no containers. Deploy with --parameter-overrides BackfillConcurrency=100, or as many "
            "as your account can spare."
        )
    site.config.options.overridden_by(arguments.options)  # rather now than at every image
    running = [job for job in site.jobs.described_as(site.place.description) if job["Status"] not in requests.ENDED]
    if running:
        print(f"The backfill {running[0]['JobId']} has not ended. See `status`; `stop` ends it.")
        return 1
    token = str(uuid.uuid4())
    if wanted.only == "all" and wanted.url is None:
        images = requests.generator(site.place, wanted.filters)
    else:
        found = planning.chosen(planning.findings(site, wanted), wanted.only)
        name, buckets = f"{token}.csv", (site.place.state_bucket, site.place.input_bucket)
        images = {"Manifest": lists.write_manifest(site.s3, buckets[0], name, buckets[1], found)}
    job = site.jobs.create(requests.job(site.place, images, arguments, token, priority, tags))
    print(f"The backfill {job} is being prepared.")
    return _confirmed(site, _prepared(site, job), ms, confirm)


def resume(site: Site, given: str | None, ms: float, confirm: Confirm) -> int:
    """Confirm a job that waits for it, or go on with one that was stopped: by a new job with the same images."""
    job = site.job(given)
    if job["Status"] not in (*requests.ENDED, "New", "Preparing", "Suspended"):
        print(f"The backfill {job['JobId']} is running: {job['Status']}.")
        return 0
    if job["Status"] in requests.ENDED:
        job = site.jobs.describe(site.jobs.create(requests.again(job)))
        print(f"The backfill goes on as {job['JobId']}. Images that are done cost their requests only.")
    return _confirmed(site, _prepared(site, job["JobId"]), ms, confirm)


def stop(site: Site, given: str | None) -> int:
    """Cancel a job. S3 finishes what it has begun and writes a report of what was done."""
    job = site.job(given)
    if job["Status"] in requests.ENDED:
        print(f"The backfill {job['JobId']} has ended already: {job['Status']}.")
        return 0
    if job["Status"] in requests.STOPPABLE:
        site.jobs.request_status(job["JobId"], "Cancelled")
    print(f"The backfill {job['JobId']} is stopped. `resume {job['JobId']}` goes on with it.")
    return 0


def status(site: Site, given: str | None) -> int:
    """Print how far a job is, how fast, what it has cost so far, and, at its end, why images were rejected."""
    job = site.job(given)
    progress = job.get("ProgressSummary", {})
    done = progress.get("NumberOfTasksSucceeded", 0) + progress.get("NumberOfTasksFailed", 0)
    active_s = progress.get("Timers", {}).get("ElapsedTimeInActiveSeconds", 0)
    print(f"{job['JobId']}  {job['Status']}")
    print(tqdm.format_meter(done, progress.get("TotalNumberOfTasks", 0), active_s, ncols=100, unit=" images"))
    print(f"{progress.get('NumberOfTasksFailed', 0):,} have failed.")
    until = job.get("TerminationDate") or datetime.now(UTC)
    used = deployment.usage(site.place.function, job["CreationTime"], until)
    money = used.ms / 1000 * site.memory_mb / 1024 * costs.GB_SECOND + used.calls * costs.CALL
    money += costs.JOB + done * (costs.TASK + costs.LISTED)
    requested = costs.dollars(Work(done), site.memory_mb)["S3 requests"]
    print(f"So far ${money:,.2f}, and at most ${requested:,.2f} for requests to S3.")
    for failure in job.get("FailureReasons", []):
        print(f"{failure.get('FailureCode')}: {failure.get('FailureReason')}")
    if job["Status"] in requests.ENDED:
        tally = Tally.of(_lines(site, job["JobId"]))
        for name, count in [*tally.outcomes.most_common(), *tally.reasons.most_common()]:
            print(f"{count:>13,}  {name}")
        print(f"{tally.needs_review:>13,}  need review")
    return 0


def report(site: Site, given: str | None) -> int:
    """Write a CSV of the images that failed, were rejected or need review: those without a cutout first, then the
    lowest confidence first. Returns 1 if any failed.
    """
    lines = list(_lines(site, site.job(given)["JobId"]))
    shown = sorted((line for line in lines if line.code or line.needs_review), key=_worst_first)
    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(["key", "outcome", "code", "confidence", "needs_review", "message"])
    for line in shown:
        confidence = "" if line.confidence is None else f"{line.confidence:.2f}"
        review = "yes" if line.needs_review else "no"
        table.writerow([line.key, line.outcome, line.code or "", confidence, review, line.message])
    tally = Tally.of(lines)
    parts = ", ".join(f"{count:,} {outcome}" for outcome, count in tally.outcomes.most_common())
    print(f"{tally.tasks:,} images: {parts}; {tally.needs_review:,} need review.", file=sys.stderr)
    return int(tally.outcomes[completion.FAILED] > 0)


def _worst_first(line: Line) -> tuple[bool, float, str]:
    return line.outcome != completion.FAILED, -1.0 if line.confidence is None else line.confidence, line.key


def _lines(site: Site, job: str) -> Iterator[Line]:
    try:
        yield from completion.lines(site.store, site.place.state_bucket, job)
    except SourceMissing as error:
        raise BadConfig(f"The backfill {job} has no report. S3 writes it when the job has ended.") from error


def _prepared(site: Site, job: str) -> dict[str, Any]:
    """The job once S3 has counted its images. Raises BadConfig if S3 cannot."""
    while (found := site.jobs.describe(job))["Status"] in ("New", "Preparing"):
        time.sleep(_LOOK_S)
    if found["Status"] == "Failed":
        reasons = "; ".join(str(row.get("FailureReason")) for row in found.get("FailureReasons", []))
        raise BadConfig(f"S3 Batch Operations cannot run the backfill {job}: {reasons or 'it gives no reason'}.")
    return found


def _confirmed(site: Site, job: Mapping[str, Any], ms: float, confirm: Confirm) -> int:
    if job["Status"] != "Suspended":
        print(f"The backfill {job['JobId']} is running: {job['Status']}.")
        return 0
    tasks = Work(job["ProgressSummary"]["TotalNumberOfTasks"], ms=ms)
    price = sum(costs.dollars(tasks, site.memory_mb).values())
    hours = costs.hours(tasks, site.reserved).hours
    question = (
        f"{tasks.cut:,} images: at most ${price:,.2f} and {hours:,.1f} hours with {site.reserved} containers. Run?"
    )
    if not confirm(question):
        print(f"It waits. `resume {job['JobId']}` runs it, `stop {job['JobId']}` ends it.")
        return 1
    site.jobs.request_status(job["JobId"], "Ready")
    print(f"The backfill {job['JobId']} runs. `status {job['JobId']}` shows how far it is.")
    return 0
