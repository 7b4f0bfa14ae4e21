"""Every file in events/ against what it must be read as; a file without an expectation fails.

sqs_*: what Lambda hands to `on_queue`, a list entry for each message. s3_*: what it hands to `on_s3`.
"""

import json
from pathlib import Path

import pytest

from handler.errors import BadEvent
from handler.sources import s3, sqs

EVENTS = Path(__file__).parents[2] / "events"
BAD = BadEvent.code

EXPECTED = {
    "s3_foreign_record": BAD,
    "s3_put_direct": ["products/shoe.jpg"],
    "s3_put_unversioned": ["red flower.jpg"],
    "s3_test_event": [],
    "sqs_batch_partial": [
        ["products/shoe.jpg"],
        ["products/notes.txt"],
        BAD,
        ["products/gone.jpg"],
        ["products/hat.jpg"],
    ],
    "sqs_eventbridge": [BAD],
    "sqs_garbage": [BAD] * 8,
    "sqs_s3_bad_encoding": [BAD],
    "sqs_s3_copy": [["products/2026/shoe.jpg"]],
    "sqs_s3_empty_and_folder": [[], [], []],
    "sqs_s3_multipart": [["products/poster.tif"]],
    "sqs_s3_nasty_keys": [
        ["red flower.jpg"],
        ["a+b.jpg"],
        ["100% wool #41.png"],
        ["été/鞋 👟.jpg"],
        ["a//b.jpg"],
        ["../up.jpg"],
        ["&$@=;:,?.jpg"],
        ["%2B.jpg"],
        ["tab\tnew\nline.jpg"],
        ["MinIO/style.jpg"],
    ],
    "sqs_s3_next_major": [BAD],
    "sqs_s3_other_events": [[], []],
    "sqs_s3_output_bucket": [["products/shoe.jpg/cutout.png"]],
    "sqs_s3_post": [["uploads/form/shoe.jpg"]],
    "sqs_s3_put": [["products/shoe.jpg"]],
    "sqs_s3_removed": [[], []],
    "sqs_s3_several_records": [["products/left.jpg", "products/right.jpg"]],
    "sqs_s3_test_event": [[]],
    "sqs_s3_unversioned": [["products/shoe.jpg"]],
    "sqs_sns_confirmation": [BAD],
    "sqs_sns_other_message": [BAD],
    "sqs_sns_raw": [["products/shoe.jpg"]],
    "sqs_sns_test_event": [[]],
    "sqs_sns_wrapped": [["products/shoe.jpg"]],
}


def load(name):
    return json.loads((EVENTS / f"{name}.json").read_text("utf-8"))


def keys(parse, event):
    try:
        return [job.source.key for job in parse(event)]
    except BadEvent as error:
        return error.code


@pytest.mark.parametrize("name", sorted(path.stem for path in EVENTS.iterdir()))
def test_an_event_is_read_as_expected(name):
    event = load(name)
    if name.startswith("s3_"):
        assert keys(s3.parse, event) == EXPECTED[name]
    else:
        assert [keys(sqs.parse, record["body"]) for record in event["Records"]] == EXPECTED[name]


def test_every_expectation_has_its_file():
    assert EXPECTED.keys() == {path.stem for path in EVENTS.iterdir()}


def test_a_job_knows_version_and_etag_where_the_event_does():
    (versioned,) = s3.parse(load("s3_put_direct"))
    item = load("s3_put_direct")["Records"][0]["s3"]["object"]
    assert (versioned.version, versioned.etag) == (item["versionId"], item["eTag"])
    (unversioned,) = s3.parse(load("s3_put_unversioned"))
    assert unversioned.version is None
    assert unversioned.etag
