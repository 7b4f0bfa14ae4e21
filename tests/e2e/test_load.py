"""Everything at once: repeats, disorder, kills, a failing S3, an image that kills. And the check finds each fault."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bench import load, verdict
from bench.load import Scenario
from bench.pictures import small
from bench.proxy import Fault
from handler.cutouts import retries
from handler.local import stack, worker
from tests.e2e.conftest import Site

SMALL = Scenario(images=40, rejected=3, repeats=10, workers=2, kills=2, outage_s=4, visibility_s=6, compared=3, seed=2)


def test_nothing_is_lost_or_wrong_whatever_happens(endpoint: str, weights: object) -> None:
    figures = load.run(SMALL, endpoint)
    assert figures.wrong == []
    assert figures.kills >= retries.MAX_TRIES + 1  # the deadly picture's, and at least one more
    assert sum(figures.faults.values()) > 0
    assert figures.faults[Fault.BUSY] > 0
    assert figures.outcomes["repeated"] > 0


@pytest.mark.parametrize("key", ["api/a1b2c3/0f9e8d", "shops/spring/spring.example/7/front"])
def test_a_job_or_an_image_of_a_shop_does_not_wait_behind_a_flood_of_uploads(
    endpoint: str, weights: object, tmp_path: Path, key: str
) -> None:
    made = stack.create(endpoint)

    def drop(key: str) -> None:
        made.client("s3").put_object(Bucket=made.input_bucket, Key=key, Body=small(1))

    def finished() -> list[str]:
        return [name for name in verdict.listing(made) if name.endswith("/report.json")]

    for number in range(FLOOD):
        drop(f"flood/{number}.png")
    with worker.start(made, tmp_path / "log") as working:
        while not finished():
            assert working.failure is None
        drop(key)
        before = len(finished())
        while f"{key}/report.json" not in (done := finished()):
            assert working.failure is None
    # One upload may have begun before it, and one may end between two looks.
    assert len(done) - before <= 4
    assert len(done) < FLOOD / 2


@pytest.mark.skipif(sys.platform != "linux", reason="a worker's memory is read from /proc")
def test_the_memory_of_a_worker_does_not_grow(endpoint: str, weights: object) -> None:
    early, late = load.peaks(endpoint, first=10, last=40)
    assert late < 1.1 * early


FLOOD = 40
GOOD = {f"{number}.png": small(number) for number in range(2)}
REJECTED = {"page.jpg": b"<html>"}


@pytest.fixture
def done(site: Site) -> Site:
    """A site that has processed all images correctly."""
    for key, data in {**GOOD, **REJECTED}.items():
        site.drop(key, data)
    site.settle()
    assert violations(site) == []
    return site


def violations(site: Site) -> list[str]:
    wrong = verdict.faults(site.made, good=GOOD, rejected=REJECTED, deadly={})
    return wrong + verdict.different(site.made, GOOD, 2)


def _out(site: Site, key: str, data: bytes) -> None:
    site.s3.put_object(Bucket=site.made.output_bucket, Key=key, Body=data)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (
            lambda site: site.s3.delete_object(Bucket=site.made.output_bucket, Key="0.png/report.json"),
            "0.png: the report is missing",
        ),
        (lambda site: site.s3.delete_object(Bucket=site.made.output_bucket, Key="0.png/alpha.png"), "0.png: "),
        (lambda site: _out(site, "0.png/cutout.png", site.read("1.png/cutout.png")), "0.png: the cutout differs"),
        (lambda site: _out(site, "page.jpg/cutout.png", b"x"), "page.jpg: "),
        (lambda site: _out(site, "2.png/report.json", b"{}"), "unexpected output for 2.png"),
        (lambda site: site.drop("0.png", small(7)), "the input bucket changed"),
        (
            lambda site: site.sqs.send_message(QueueUrl=site.made.dead_letter_queue_url, MessageBody="0.png"),
            "in the dead-letter queue: ['0.png']",
        ),
    ],
    ids=["no report", "no matte", "wrong cutout", "cutout of a rejected file", "extra output", "input", "dead letter"],
)
def test_the_check_finds(done: Site, spoil: Callable[[Site], object], words: str) -> None:
    spoil(done)
    assert words in "; ".join(violations(done))
