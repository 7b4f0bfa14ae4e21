"""What is counted for each way in which a picture may end."""

import json

import pytest

from handler import observability
from handler.errors import BadEvent, StoreUnavailable
from handler.jobs import Job, ObjectRef, Outcome
from pipeline.errors import CorruptImage

REPORT = {"source": {"width": 2000, "height": 1000}, "quality": {"needs_review": True}}


@pytest.mark.parametrize(
    ("status", "error", "failed"),
    [
        ("done", None, 0),
        ("repeated", None, 0),
        ("rejected", CorruptImage("x"), 0),
        ("retry", StoreUnavailable("x"), 1),
        ("alarm", BadEvent("x"), 1),
    ],
)
def test_every_picture_counts_and_those_that_nobody_wants_fail(capsys, status, error, failed):
    observability.record(Outcome(Job(ObjectRef("in", "a.jpg")), status, REPORT, error), 12.5, "3")
    tries, images = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    assert (tries["Tries"], tries["Failed"]) == ([1], [failed])
    assert images["outcome"] == status
    assert (images["Pictures"], images["Milliseconds"]) == ([1], [12.5])
    assert ("NeedsReview" in images) is (status == "done")


def test_tries_are_counted_by_version_and_images_by_outcome(capsys):
    observability.record(Outcome(Job(ObjectRef("in", "a.jpg")), "repeated", REPORT), 12.5, "7")
    counted = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    dimensions = [line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] for line in counted]
    assert dimensions == [[["service"], ["service", "version"]], [["service"], ["service", "outcome"]]]
    assert counted[0]["version"] == "7"
