"""The model of cost and time: its requests are those that are made, and its sums are right."""

from collections import Counter

import pytest

from handler.backfill import costs
from handler.backfill.costs import CUT, REJECTED, REPEATED, Requests, Work
from tests.handler.backfill.test_app import KEY, result

KINDS = {"PutObject": "puts", "ListObjectsV2": "lists", "GetObject": "reads", "HeadObject": "reads"}


@pytest.fixture
def made(cloud, backfill_deps):
    """The requests to S3 since the last call."""
    counted = Counter()
    cloud.s3.meta.events.register("before-call.s3", lambda model, **_: counted.update([KINDS[model.name]]))

    def since():
        found = Requests(counted["puts"], counted["lists"], counted["reads"])
        counted.clear()
        return found

    return since


def test_an_image_takes_the_requests_that_are_charged_for(cloud, made, photo):
    cloud.drop(KEY, photo)
    made()
    result()
    assert made() == CUT
    result()
    assert made() == REPEATED
    cloud.drop("a.txt", b"<html>")
    made()
    result("a.txt")
    assert made() == REJECTED


def test_the_cost_is_calculated_rightly():
    work = Work(cut=1_000_000, repeated=1_000_000, ms=1000)
    prices = costs.dollars(work, 3008)
    assert prices["Lambda"] == pytest.approx(1.1e6 * 3008 / 1024 * 0.0000166667 + 2 * 0.20)
    assert prices["S3 requests"] == pytest.approx(4 * 5 + 4 * 0.4 + 1 * 5 + 2 * 0.4)
    assert prices["S3 Batch Operations"] == pytest.approx(0.25 + 2 * 1 + 2 * 0.015)


def test_containers_or_the_limits_of_s3_decide_how_long_it_takes():
    work = Work(cut=3_600_000, ms=1000)
    assert costs.hours(work, 100) == (10.0, "containers")
    slow, bound = costs.hours(work, 100_000)
    assert bound == "S3"
    assert slow == pytest.approx(5 / 5500 * 1000)
    assert costs.hours(work, 100_000, prefixes=10).hours == pytest.approx(slow / 10)


def test_a_backfill_of_no_images_costs_one_job():
    assert sum(costs.dollars(Work(0), 3008).values()) == 0.25
    assert costs.hours(Work(0), 1) == (0.0, "containers")
