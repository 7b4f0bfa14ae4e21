"""The report against its schema, and the schema and its page against the types."""

import json
from pathlib import Path
from typing import get_args

import pytest
from jsonschema import Draft202012Validator

from pipeline import describe
from pipeline.apply import apply_matte
from pipeline.box import Box
from pipeline.errors import CorruptImage, NoSubject, OutOfMemory
from pipeline.models import named
from pipeline.options import Options
from pipeline.report import Report, StoredReport
from pipeline.run import cut_out
from pipeline.schema import fields, schema
from tests.pipeline.strict_schema import assert_valid

DOCS = Path(__file__).parents[2] / "docs"
SPEC = named("u2netp")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"matting": "off", "channels": "alpha"},
        {"roi": "10% 10% 90% 90%", "crop": True, "margin": "5%"},
        {"marketplaces": "amazon-main,etsy"},
    ],
)
def test_the_report_of_a_cutout_is_valid(photo, segmenter, changes):
    assert_valid(cut_out(photo, segmenter, Options().overridden_by(changes)).report, "CutReport")


def test_boxes_are_in_pixels_of_the_whole_image(photo, segmenter):
    report = cut_out(photo, segmenter, Options().overridden_by({"roi": "20% 20% 100% 100%"})).report
    roi = Box(*report["trimap"]["roi"])
    assert roi == Box(51, 51, 205, 205)
    seen = Box(*report["segment"]["box"])
    assert seen.width > 0
    assert seen == seen.within(roi)


def test_the_report_of_an_applied_matte_is_valid(photo, segmenter):
    cutout = cut_out(photo, segmenter).output.data
    assert_valid(apply_matte(photo, cutout).report, "AppliedReport")


@pytest.mark.parametrize(("error", "judged"), [(NoSubject("none"), True), (CorruptImage("bad"), False)])
def test_the_report_of_a_rejection_is_valid(error, judged):
    report = describe.rejected(error, SPEC, Options())
    assert_valid(report, "RejectedReport")
    assert ("quality" in report) == judged


def test_the_report_of_a_failure_is_valid():
    stored = {
        "object": {"bucket": "b", "key": "k", "version": None, "etag": "e"},
        "mark": "m",
        "edits": None,
        "files": {},
        "sha256": {},
    }
    assert_valid(describe.failed(OutOfMemory("full"), SPEC, Options(), stored), "StoredFailedReport")


def test_a_report_with_an_unknown_or_missing_field_is_not_valid():
    report = describe.rejected(CorruptImage("bad"), SPEC, Options())
    for wrong in ({**report, "colour": 1}, {name: value for name, value in report.items() if name != "reason"}):
        with pytest.raises(AssertionError):
            assert_valid(wrong, "RejectedReport")


def test_the_published_schema_is_the_one_that_the_types_give():
    published = json.loads((DOCS / "report.schema.json").read_text())
    Draft202012Validator.check_schema(published)
    assert published == schema(), "run: python -m pipeline.schema > docs/report.schema.json"


def test_every_field_is_described_in_its_type_and_on_the_page():
    page = (DOCS / "report.md").read_text()
    for report in (*get_args(Report), *get_args(StoredReport)):
        for name, description in fields(report).items():
            assert description, f"{report.__name__}.{name} has no description"
            assert f"`{name}`" in page
    for name, definition in schema()["$defs"].items():
        for field, described in definition["properties"].items():
            if "$ref" not in described:
                assert described.get("description"), f"{name}.{field} has no description"
                assert f"`{field}`" in page, f"docs/report.md does not describe {name}.{field}"
