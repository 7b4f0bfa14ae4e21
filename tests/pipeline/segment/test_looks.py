"""Which look is chosen, for drawn maps: high where a look sees the subject, 0.5 where it is unsure, else 0.02."""

import numpy as np
import pytest

from pipeline.box import Box
from pipeline.segment.looks import Look, best, overlaid, rival

IMAGE = Box(0, 0, 640, 640)
CLOSER = Box(160, 160, 320, 320)
CHILD, HAT = np.s_[120:220, 120:200], np.s_[90:120, 120:200]


def answer(*subject, unsure=(), p=0.95):
    """A drawn map of the whole image, float32 (320, 320)."""
    values = np.full((320, 320), 0.02, np.float32)
    for part in subject:
        values[part] = p
    for part in unsure:
        values[part] = 0.5
    return values


def closer(values):
    """The same within CLOSER, as a look of its own."""
    return Look(CLOSER, np.kron(values[80:240, 80:240], np.ones((2, 2), np.float32)))


def test_a_closer_look_that_is_about_as_sure_is_chosen():
    first = Look(IMAGE, answer(CHILD, HAT))
    look = closer(answer(CHILD, HAT, p=0.94))
    assert best(first, [look]) is look


def test_the_surest_of_several_closer_looks_is_chosen():
    first = Look(IMAGE, answer(CHILD, unsure=[HAT]))
    unsure, sure = closer(answer(CHILD, unsure=[HAT])), closer(answer(CHILD, HAT))
    assert best(first, [unsure, sure]) is sure


def test_the_child_keeps_its_hat_although_a_look_without_it_is_surer():
    first = Look(IMAGE, answer(CHILD, HAT, p=0.9))
    whole, without_hat = closer(answer(CHILD, HAT, p=0.92)), closer(answer(CHILD, p=0.94))
    assert best(first, [whole, without_hat]) is whole


def test_a_closer_look_may_correct_what_the_first_was_unsure_of():
    first = Look(IMAGE, answer(CHILD, unsure=[HAT]))
    look = closer(answer(CHILD))
    assert best(first, [look]) is look


def test_the_first_look_wins_over_closer_ones_that_are_much_less_sure():
    first = Look(IMAGE, answer(CHILD, HAT))
    assert best(first, [closer(answer(unsure=[CHILD, HAT]))]) is first


def test_the_first_look_is_chosen_if_it_is_the_only_one():
    first = Look(IMAGE, answer(CHILD))
    assert best(first, []) is first
    assert best(Look(IMAGE, np.zeros((320, 320), np.float32)), []).box == IMAGE


def test_a_closer_look_that_finds_nothing_is_not_chosen():
    first = Look(IMAGE, answer(CHILD, HAT, p=0.8))
    assert best(first, [Look(CLOSER, np.zeros((320, 320), np.float32))]) is first


def test_a_dropped_part_is_a_rival_and_the_outline_of_the_subject_is_not():
    first, look = Look(IMAGE, answer(CHILD, HAT, p=0.9)), closer(answer(CHILD))
    assert rival(first, look) == pytest.approx(0.9, abs=0.01)
    assert rival(first, first) == pytest.approx(0.02)


@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_a_closer_look_replaces_the_first_within_its_box(scale):
    look = closer(answer(CHILD, HAT))
    values = overlaid(Look(IMAGE, answer()), look, scale)
    assert values.shape == (640 * scale, 640 * scale)
    box = CLOSER.scaled(scale)
    assert values[box.slices].max() == pytest.approx(0.95)
    values[box.slices] = 0
    assert values.max() == pytest.approx(0.02)
