"""Crop, margin, scale, position and canvas put the subject where a person would expect it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.box import Box
from pipeline.compose.placement import place
from pipeline.errors import BadOptions, NoSubject
from pipeline.options import Options

WIDTH, HEIGHT = 200, 100
SUBJECT = Box(30, 20, 40, 50)


def alpha(box=SUBJECT, size=(HEIGHT, WIDTH)):
    """Opaque in `box`, with a speck of alpha 2 in 255 in a far corner."""
    plane = np.zeros(size, np.float32)
    plane[-1, -1] = 2 / 255
    plane[box.slices] = 1
    return plane


@pytest.mark.parametrize(
    ("options", "size", "subject"),
    [
        # Without options nothing moves.
        (Options(), (200, 100), SUBJECT),
        (Options(position="original"), (200, 100), SUBJECT),
        (Options(margin="20px"), (200, 100), SUBJECT),  # margin belongs to crop
        # Crop, with margins in pixels, percent of the subject, and past the picture's edge.
        (Options(crop=True), (40, 50), Box(0, 0, 40, 50)),
        (Options(crop=True, margin="10px"), (60, 70), Box(10, 10, 40, 50)),
        (Options(crop=True, margin="10%"), (48, 60), Box(4, 5, 40, 50)),
        (Options(crop=True, margin="1 2 3 4"), (46, 54), Box(4, 1, 40, 50)),
        (Options(crop=True, margin="100px 0"), (40, 250), Box(0, 100, 40, 50)),
        (Options(crop=True, position="original"), (40, 50), Box(0, 0, 40, 50)),
        # A canvas never enlarges, and shrinks what does not fit.
        (Options(crop=True, canvas=(100, 100)), (100, 100), Box(30, 25, 40, 50)),
        (Options(crop=True, canvas=(20, 100)), (20, 100), Box(0, 38, 20, 25)),
        (Options(canvas=(300, 200)), (300, 200), Box(80, 70, 40, 50)),
        (Options(canvas=(100, 100)), (100, 100), Box(15, 35, 20, 25)),
        (Options(crop=True, margin="10px", canvas=(60, 70)), (60, 70), Box(10, 10, 40, 50)),
        # Scale is of the canvas, centred, up or down.
        (Options(scale=100), (200, 100), Box(60, 0, 80, 100)),
        (Options(scale=50), (200, 100), Box(80, 25, 40, 50)),
        (Options(crop=True, scale=80, canvas=(500, 500)), (500, 500), Box(90, 50, 320, 400)),
        (Options(crop=True, margin="25px 30px", scale=50, canvas=(200, 200)), (200, 200), Box(80, 75, 40, 50)),
        # Position moves the subject through the free room.
        (Options(position="0%"), (200, 100), Box(0, 0, 40, 50)),
        (Options(position="100% 0%"), (200, 100), Box(160, 0, 40, 50)),
        (Options(position="center"), (200, 100), Box(80, 25, 40, 50)),
        (Options(crop=True, canvas=(100, 100), position="25% 100%"), (100, 100), Box(15, 50, 40, 50)),
        (Options(crop=True, canvas=(400, 200), position="original"), (400, 200), Box(80, 65, 40, 50)),
        (Options(crop=True, canvas=(60, 50), position="original"), (60, 50), Box(0, 0, 40, 50)),
        (Options(scale=20, position="original"), (200, 100), Box(42, 35, 16, 20)),
    ],
    ids=str,
)
def test_options_place_the_subject(options, size, subject):
    placement = place(alpha(), options)
    assert placement.size == size
    assert placement.subject == subject


def test_alpha_of_two_in_255_does_not_widen_the_crop():
    assert place(alpha(), Options(crop=True)).source == SUBJECT


def test_faint_hair_is_part_of_the_subject():
    plane = alpha()
    plane[10:20, 50] = 0.1
    assert place(plane, Options(crop=True)).source == Box(30, 10, 40, 60)


@pytest.mark.parametrize("value", [0, 2 / 255])
def test_an_invisible_subject_is_rejected(value):
    with pytest.raises(NoSubject, match="Nothing of this image is visible"):
        place(np.full((5, 5), value, np.float32), Options())


def test_a_huge_margin_is_rejected_by_name_unless_there_is_a_canvas():
    options = Options(crop=True, margin="99999px")
    with pytest.raises(BadOptions, match="margin 99999px"):
        place(alpha(), options)
    shrunk = place(alpha(), Options(crop=True, margin="99999px", canvas=(100, 100)))
    assert shrunk.size == (100, 100)
    assert (shrunk.subject.width, shrunk.subject.height) == (1, 1)


def test_a_picture_longer_than_the_longest_canvas_may_be_cropped():
    plane = np.ones((1, 30_000), np.float32)
    assert place(plane, Options(crop=True)).size == (30_000, 1)


def test_a_tiny_subject_on_a_large_canvas_reads_only_what_the_canvas_shows():
    placement = place(alpha(Box(100, 50, 2, 2), (1000, 1000)), Options(scale=100, canvas=(600, 300)))
    assert placement.source.width <= 6
    assert placement.target.width <= 3 * 600


def test_the_whole_subject_is_read_if_its_size_is_rounded_down():
    placement = place(alpha(Box(0, 0, 21, 1), (1, 21)), Options(scale=95, position="51% 0%", canvas=(10, 1)))
    assert placement.source == Box(0, 0, 21, 1)


@st.composite
def requests(draw):
    """A picture's size, a subject in it, and any combination of options."""
    width, height = draw(st.integers(1, 60)), draw(st.integers(1, 60))
    left, top = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
    box = Box(left, top, draw(st.integers(1, width - left)), draw(st.integers(1, height - top)))
    share = st.integers(0, 100)
    position = st.one_of(st.sampled_from([None, "original", "center"]), st.builds("{}% {}%".format, share, share))
    side = st.integers(1, 90)
    return (
        (height, width),
        box,
        Options(
            crop=draw(st.booleans()),
            margin=draw(st.sampled_from(["0", "3px", "50%", "1px 200% 0 7px"])),
            scale=draw(st.one_of(st.none(), st.integers(10, 100))),
            position=draw(position),
            canvas=draw(st.one_of(st.none(), st.tuples(side, side))),
        ),
    )


@settings(max_examples=400, deadline=None)
@given(requests())
def test_any_combination_of_options_gives_boxes_that_fit(request_):
    (height, width), box, options = request_
    plane = np.zeros((height, width), np.float32)
    plane[box.slices] = 1
    placement = place(plane, options)
    canvas, picture = Box(0, 0, *placement.size), Box(0, 0, width, height)
    assert placement.source.within(picture) == placement.source
    assert placement.subject.within(canvas) == placement.subject
    assert min(placement.subject.width, placement.subject.height, placement.source.width, placement.source.height) >= 1
    assert placement.source.within(box) == box  # all of the subject is read
    # Alike both ways, but for the rounding of each edge.
    across, down = (placement.target.width / placement.source.width, placement.target.height / placement.source.height)
    assert abs(across - down) <= 2 / placement.source.width + 2 / placement.source.height
    if options.scale is None:
        assert (placement.target.width, placement.target.height) <= (placement.source.width, placement.source.height)
