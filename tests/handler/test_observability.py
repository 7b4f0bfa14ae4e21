"""The metrics and log lines of each outcome of an image."""

import json

import pytest

from handler import observability
from handler.errors import BadEvent, StoreUnavailable
from handler.observability import Processed
from pipeline.errors import CorruptImage


def processed(status, error=None, door="queue", version="3"):
    return Processed(
        door=door, identity={"key": "a.jpg"}, status=status, ms=12.5, version=version, report=REPORT, error=error
    )


REPORT = {"status": "done", "source": {"width": 2000, "height": 1000}, "quality": {"needs_review": True}}


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
def test_every_image_is_counted_and_failures_are_counted_as_failed(capsys, status, error, failed):
    observability.record(processed(status, error))
    attempts, images, doors = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    assert (attempts["Attempts"], attempts["Failed"]) == ([1], [failed])
    assert images["outcome"] == status
    assert (images["Images"], images["Milliseconds"]) == ([1], [12.5])
    assert (doors["door"], doors["Images"]) == ("queue", [1])
    assert ("NeedsReview" in images) is (status == "done")


def test_attempts_are_counted_by_version_and_images_by_outcome_and_door(capsys):
    observability.record(processed("repeated", version="7"))
    counted = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    dimensions = [line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] for line in counted]
    assert dimensions == [
        [["service"], ["service", "version"]],
        [["service"], ["service", "outcome"]],
        [["service", "door"]],
    ]
    assert counted[0]["version"] == "7"


def test_an_image_of_the_http_api_does_not_count_as_an_attempt(capsys, caplog):
    observability.record(processed("done", door="http", version=None))
    images, doors = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    assert (doors["door"], doors["Images"], doors["Milliseconds"]) == ("http", [1], [12.5])
    assert (images["outcome"], images["NeedsReview"]) == ("done", [1])
    (line,) = caplog.records
    assert (line.getMessage(), line.door, line.outcome, line.key, line.ms) == ("image", "http", "done", "a.jpg", 12)
