"""Valid text is parsed, other text raises ValueError, and the canonical text parses to the same value."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.box import Box
from pipeline.geometry import Colour, Length, Margin, Position, Region, Size

TYPES = (Colour, Length, Margin, Position, Region, Size)


@pytest.mark.parametrize(
    ("text", "colour"),
    [
        ("white", (255, 255, 255)),
        ("#fff", (255, 255, 255)),
        ("81d4fa", (0x81, 0xD4, 0xFA)),
        ("rgb(1, 2, 3)", (1, 2, 3)),
    ],
)
def test_colours_are_parsed(text, colour):
    assert Colour.parse(text).rgb == colour
    assert Colour.parse(text) == Colour(*colour)


def test_margins_follow_the_order_of_css():
    one, two, three, four = (
        Length(1, percent=False),
        Length(2, percent=True),
        Length(3, percent=False),
        Length(4, percent=True),
    )
    assert Margin.parse("1px") == Margin(one, one, one, one)
    assert Margin.parse("1 2%") == Margin(top=one, right=two, bottom=one, left=two)
    assert Margin.parse("1px 2% 3px 4%") == Margin(top=one, right=two, bottom=three, left=four)


def test_a_length_in_percent_is_of_the_whole():
    assert Length(2.5, percent=True).pixels(200) == 5
    assert Length(7, percent=False).pixels(200) == 7


@pytest.mark.parametrize(
    ("text", "position"),
    [("center", (0.5, 0.5)), ("20%", (0.2, 0.2)), ("0% 100%", (0, 1)), ("37.5%", (0.375, 0.375))],
)
def test_positions_are_parsed(text, position):
    assert Position.parse(text) == Position(*position)


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        (Colour, "#ffffff80"),
        (Colour, "no colour"),
        (Colour, ""),
        (Length, "-5px"),
        (Margin, "1 2 3"),
        (Margin, ""),
        (Position, "101%"),
        (Position, "5"),
        (Position, "original"),
        (Region, "10px 20px"),
        (Size, "800"),
        (Size, "20000x5001"),
        (Size, "0x5"),
    ],
)
def test_invalid_text_raises_a_value_error(type_, text):
    with pytest.raises(ValueError, match=r".*"):
        type_.parse(text)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Colour(0, 0, 256),
        lambda: Length(-1, percent=False),
        lambda: Position(0, 1.1),
        lambda: Size(20_001, 1),
        lambda: Size(20_000, 20_000),
    ],
)
def test_a_value_out_of_range_raises_a_value_error(wrong):
    with pytest.raises(ValueError, match=r".*"):
        wrong()


@pytest.mark.parametrize("type_", TYPES)
@given(text=st.text(max_size=30))
def test_parsing_any_text_raises_nothing_but_value_errors(type_, text):
    with contextlib.suppress(ValueError):
        type_.parse(text)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        (Margin.parse("0"), "0px"),
        (Margin.parse("5% 5%"), "5%"),
        (Margin.parse("1 2 1 2"), "1px 2px"),
        (Margin.parse("12345.678px 2.5% 1 2"), "12345.678px 2.5% 1px 2px"),
        (Region.parse("10px 5% 300 95%"), "10px 5% 300px 95%"),
        (Position.parse("20.125%"), "20.125% 20.125%"),
        (Colour.parse("rebeccapurple"), "#663399"),
        (Size.parse("0800x600"), "800x600"),
    ],
)
def test_the_canonical_text_parses_to_the_same_value(text, canonical):
    assert str(text) == canonical
    assert type(text).parse(canonical) == text


def test_a_canvas_has_a_largest_size():
    assert Size.parse("20000x5000") == Size(20_000, 5_000)


def test_a_region_of_interest_is_clipped_to_the_image():
    region = Region.parse("10px 5% 300px 95%")
    assert region.box(200, 100) == Box(10, 5, 190, 90)
    assert Region.parse("300px 0 400px 9").box(200, 100) is None
