"""Each panel shows the stage that it is named after, at any size and shape."""

import numpy as np
import pytest

from pipeline.quality import Quality, Reason
from pipeline.sheet import CAPTION, COLUMNS, GAP, NARROWEST, PANEL, PAPER, draw
from pipeline.types import Cutout, Matte, Picture, ProbabilityMap, Trimap

SURE = Quality(1.0, False, (), {})
DOUBTED = Quality(
    0.3, True, (Reason("uncertain_subject", 0.31, "Look at the outline, and once more at it all.", None),), {}
)
RED, BLUE = (200, 10, 20), (10, 20, 200)


def _sheet(height, width, quality=SURE):
    """A red subject fills the left half, the right half is blue; the middle column is half covered."""
    middle = width // 2
    rgb = np.full((height, width, 3), BLUE, np.uint8)
    rgb[:, :middle] = RED
    alpha = np.zeros((height, width), np.float32)
    alpha[:, :middle], alpha[:, middle] = 1, 0.5
    known = np.where(alpha == 0.5, 128, alpha * 255).astype(np.uint8)
    rgba = np.dstack((np.where(alpha[..., None] > 0, RED, 0), known)).astype(np.uint8)
    probability = ProbabilityMap(np.where(alpha == 1, 0.8, 0.2).astype(np.float32), 1.0)
    return draw(Picture(rgb), probability, Trimap(known), Matte(alpha), Cutout(rgba), quality).rgb


def _panels(sheet, height, width):
    """The seven panels cut out of the sheet, in reading order."""
    across, down = max(width, NARROWEST) + GAP, max(height, NARROWEST) + CAPTION + GAP
    tops = [GAP + CAPTION + row * down for row in range(2)]
    return [sheet[top : top + height, GAP + c * across :][:, :width] for top in tops for c in range(COLUMNS)][:7]


def test_each_panel_shows_its_stage():
    source, probability, trimap, alpha, black, white, checks = _panels(_sheet(40, 60), 40, 60)
    assert (source[:, :30] == RED).all()
    assert (source[:, 30:] == BLUE).all()
    assert [probability[5, x, 0] for x in (5, 55)] == [204, 51]
    assert [trimap[5, x, 0] for x in (5, 30, 55)] == [255, 128, 0]
    assert [alpha[5, x, 0] for x in (5, 30, 55)] == [255, 128, 0]
    for panel in (black, white, checks):
        assert (panel[:, :30] == RED).all()
    assert (black[:, 31:] == 0).all()
    assert (white[:, 31:] == 255).all()
    assert np.unique(checks[:, 31:]).tolist() == [190, 255]
    # Half of red's light on black and on white, not the mean of the code values.
    assert 100 < black[5, 30, 0] < 200 < white[5, 30, 0]
    assert black[5, 30, 2] < 20


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 3000), (3000, 2), (1200, 1600)])
def test_a_sheet_has_room_for_any_shape(height, width):
    sheet = _sheet(height, width)
    assert sheet.shape[1] <= COLUMNS * (PANEL + GAP) + GAP
    assert sheet.shape[0] <= 2 * (PANEL + CAPTION + GAP) + GAP


def test_a_reduced_edge_is_no_darker_than_its_colours():
    """Averaged with the zeros below alpha 0, the subject's colour would turn dark where the panel is smaller."""
    white = _panels(_sheet(960, 1441), 320, 480)[5]
    assert (white[..., 0] >= RED[0] - 1).all()


def test_the_sheet_of_a_small_image_is_tall_enough_for_all_reasons():
    advice = "Look at the outline, and once more at it all."
    reasons = [Reason(f"reason_{number}", 0.5, advice, None) for number in range(13)]
    most, all_ = (_sheet(40, 60, Quality(0.3, True, tuple(shown), {})) for shown in (reasons[:-1], reasons))
    assert all_.shape[0] > most.shape[0] > _sheet(40, 60).shape[0]
    assert all_.shape[1] == most.shape[1]
    assert (all_[-GAP:] == PAPER).all()
    assert (all_[-GAP - 20 : -GAP] != PAPER).any()


def test_the_judgement_is_in_the_last_cell():
    plain, doubted = _sheet(40, 60), _sheet(40, 60, DOUBTED)
    changed = np.argwhere((plain != doubted).any(axis=2))
    assert len(changed)
    assert (changed >= [GAP + NARROWEST + CAPTION, 3 * (GAP + NARROWEST)]).all()
