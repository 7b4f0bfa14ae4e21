"""What people write is read, and nonsense is None."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import geometry
from pipeline.geometry import Length, parse_canvas, parse_colour, parse_margin, parse_position


@pytest.mark.parametrize(
    ("text", "colour"),
    [
        ("white", (255, 255, 255)),
        ("#fff", (255, 255, 255)),
        ("81d4fa", (0x81, 0xD4, 0xFA)),
        ("rgb(1, 2, 3)", (1, 2, 3)),
        ("#ffffff80", None),
        ("no colour", None),
        ("", None),
    ],
)
def test_colours(text, colour):
    assert parse_colour(text) == colour


def test_margins_follow_the_order_of_css():
    one, two, three, four = (
        Length(1, percent=False),
        Length(2, percent=True),
        Length(3, percent=False),
        Length(4, percent=True),
    )
    assert parse_margin("1px") == (one,) * 4
    assert parse_margin("1 2%") == (one, two, one, two)
    assert parse_margin("1px 2% 3px 4%") == (one, two, three, four)
    assert parse_margin("1 2 3") is None


def test_a_length_in_percent_is_of_the_whole():
    assert Length(2.5, percent=True).pixels(200) == 5
    assert Length(7, percent=False).pixels(200) == 7


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("original", "original"),
        ("center", (0.5, 0.5)),
        ("20%", (0.2, 0.2)),
        ("0% 100%", (0, 1)),
        ("101%", None),
        ("5", None),
    ],
)
def test_positions(text, position):
    assert parse_position(text) == position


@pytest.mark.parametrize("parse", [parse_colour, parse_margin, parse_position, parse_canvas])
@given(text=st.text(max_size=30))
def test_no_text_crashes_a_reader(parse, text):
    parse(text)


def test_a_canvas_has_a_largest_size():
    assert parse_canvas("20000x5000") == (20_000, 5_000)
    assert parse_canvas("20000x5001") is None
    assert parse_canvas([True, 5]) is None


def test_a_region_of_interest_is_cut_off_at_the_picture():
    roi = geometry.parse_roi("10px 5% 300px 95%")
    assert geometry.box_of(roi, 200, 100) == (10, 5, 200, 95)
    assert geometry.box_of(geometry.parse_roi("300px 0 400px 9"), 200, 100) is None
    assert geometry.parse_roi("10px 20px") is None
