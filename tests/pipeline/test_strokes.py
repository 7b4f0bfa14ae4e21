"""Strokes come from a page and from files, so everything about them is checked, bounded and named."""

import json

import pytest

from pipeline import strokes
from pipeline.errors import BadOptions
from pipeline.options import Options
from pipeline.strokes import Stroke

GOOD = {"tool": "keep", "radius": 12, "points": [[104.46, 220], [-3, 7]]}


def test_a_document_gives_strokes_in_tenths_of_a_pixel_and_comes_back_equal():
    made = strokes.parse(json.dumps([GOOD]).encode())
    assert made == (Stroke("keep", 12.0, ((104.5, 220.0), (-3.0, 7.0))),)
    assert strokes.parse(json.loads(json.dumps([stroke.described() for stroke in made]))) == made


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (b"", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b" " * (strokes.MAX_BYTES + 1), "the limit is 1,000,000"),
        ({}, "a dict, but"),
        ("keep", "a str, but"),
        ([GOOD, 1], "at stroke 2: it must have exactly"),
        ([GOOD | {"color": "red"}], "exactly the fields"),
        ([GOOD | {"tool": "pen"}], "'pen', but must be one of keep, remove, matting, erase"),
        ([GOOD | {"tool": ["keep"]}], "must be one of"),
        ([GOOD | {"radius": 0}], "radius"),
        ([GOOD | {"radius": True}], "radius"),
        ([GOOD | {"radius": float("nan")}], "radius"),
        ([GOOD | {"radius": 1e9}], "radius"),
        ([GOOD | {"points": []}], "points"),
        ([GOOD | {"points": "12"}], "points"),
        ([GOOD | {"points": [[1]]}], "points"),
        ([GOOD | {"points": [[1, float("inf")]]}], "points"),
        ([GOOD | {"points": [[1, "2"]]}], "points"),
        ([GOOD | {"points": [[1e6, 2]]}], "points"),
        ([GOOD] * 1001, "the limit is 1,000"),
        ([GOOD | {"points": [[1, 1]] * 15_000}] * 2, "30,000 points"),
    ],
)
def test_a_bad_document_is_rejected_and_the_message_names_the_stroke(document, message):
    with pytest.raises(BadOptions, match=rf"(?s)^strokes is .*{message}"):
        strokes.parse(document)


def test_equal_strokes_are_the_same_options_however_they_are_written():
    text = json.dumps([GOOD], indent=4).encode()
    assert Options(strokes=text).digest() == Options(strokes=[GOOD]).digest() != Options().digest()
