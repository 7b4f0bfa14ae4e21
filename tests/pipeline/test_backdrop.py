"""What a plain backdrop shows of a subject that the model saw only in part, in drawn scenes whose truth is known."""

import cv2
import numpy as np
import pytest

from pipeline import backdrop
from pipeline.backdrop.surface import fit
from pipeline.models import named
from pipeline.types import BACKGROUND, FOREGROUND, UNKNOWN, Picture, ProbabilityMap, Trimap

HEIGHT, WIDTH = 300, 400
BODY = np.s_[100:220, 120:220]
ARM = np.s_[140:180, 220:300]


def studio(level=230, slope=12, noise=1.5):
    """A grey backdrop, float32 (H, W, 3): lighter above than below, with a camera's noise."""
    fall = np.linspace(slope, -slope, HEIGHT)[:, None, None]
    grain = np.random.default_rng(3).normal(0, noise, (HEIGHT, WIDTH, 3))
    return (level + fall + grain).astype(np.float32)


def picture(rgb):
    return Picture(np.clip(rgb, 0, 255).astype(np.uint8))


def seen(*parts, p=0.99):
    """A probability map in which the model is sure of these parts, and of nothing else."""
    values = np.full((HEIGHT, WIDTH), 0.01, np.float32)
    for part in parts:
        values[part] = p
    return ProbabilityMap(values, 1.0, {}, named("u2netp"))


def nothing(part):
    """A model whose closer looks see only background."""
    return np.zeros(part.rgb.shape[:2], np.float32)


def everything(part):
    return np.ones(part.rgb.shape[:2], np.float32)


def overlap(mask, *parts):
    truth = np.zeros((HEIGHT, WIDTH), bool)
    for part in parts:
        truth[part] = True
    return (mask & truth).sum() / (mask | truth).sum()


@pytest.mark.parametrize("level", [235, 180, 90])
@pytest.mark.parametrize("colour", [(200, 20, 20), (10, 10, 10), (30, 90, 220)])
def test_a_part_that_the_model_missed_is_added(level, colour):
    rgb = studio(level)
    rgb[BODY] = rgb[ARM] = colour
    if abs(level - max(colour)) < 60 and len(set(colour)) == 1:
        pytest.skip("too near to the backdrop's own grey")
    evidence = backdrop.examine(picture(rgb), seen(BODY), nothing)
    assert overlap(evidence.added, ARM) > 0.9
    assert not evidence.holes.any()


def test_a_thing_apart_from_the_subject_is_not_added():
    rgb = studio()
    rgb[BODY] = rgb[140:180, 300:360] = (200, 20, 20)
    evidence = backdrop.examine(picture(rgb), seen(BODY), nothing)
    assert not evidence.added.any()
    assert evidence.facts["left_out"] == pytest.approx(40 * 60 / (120 * 100 + 40 * 60), rel=0.02)


def test_a_backdrop_that_shows_at_one_edge_only_is_fitted_there():
    subject = np.ones((40, 400), bool)
    subject[:2] = False  # two rows leave a curve from row to row undetermined
    slope = np.linspace(180, 220, 400, dtype=np.float32)
    surface = fit(np.broadcast_to(slope[:, None], (40, 400, 3)), subject)
    assert surface.noise == 1
    assert surface.difference[:2].max() < 0.01


def test_clutter_in_a_corner_is_not_reported():
    rgb = studio()
    rgb[BODY] = rgb[280:290, 370:390] = (200, 20, 20)
    assert backdrop.examine(picture(rgb), seen(BODY), nothing) is None


def test_a_shadow_is_not_added():
    rgb = studio()
    fade = cv2.GaussianBlur(np.pad(np.ones((20, 200), np.float32), ((215, 65), (110, 90))), (0, 0), 12)
    rgb *= 1 - 0.55 * fade[..., None]
    rgb[BODY] = (200, 20, 20)
    evidence = backdrop.examine(picture(rgb), seen(BODY), nothing)
    assert evidence is None or not evidence.added.any()


def shaded(noise):
    """The backdrop, with a dark room behind a fifth of the border."""
    rgb = studio(noise=noise)
    rgb[:90, :230] -= 90
    rgb[BODY] = rgb[ARM] = (200, 20, 20)
    return rgb


def test_a_sharp_part_is_added_although_a_fifth_of_the_border_is_in_shadow():
    evidence = backdrop.examine(picture(shaded(noise=1.5)), seen(BODY), nothing)
    assert overlap(evidence.added, ARM) > 0.9
    assert (evidence.facts["left_out"], evidence.facts["pockets_judged"]) == (0, 0)


def test_with_a_border_partly_in_shadow_a_part_that_leaves_the_image_is_not_added():
    rgb = shaded(noise=1.5)
    rgb[140:180, 300:] = (200, 20, 20)
    assert backdrop.examine(picture(rgb), seen(BODY), everything) is None


def test_a_border_partly_in_shadow_gives_no_evidence_if_it_is_noisy_or_there_is_no_subject():
    assert backdrop.examine(picture(shaded(noise=6)), seen(BODY), everything) is None
    assert backdrop.examine(picture(shaded(noise=1.5)), seen(), everything) is None


def test_a_textured_background_gives_no_evidence():
    rgb = studio() + np.random.default_rng(1).normal(0, 25, (HEIGHT, WIDTH, 3)).astype(np.float32)
    rgb[BODY] = rgb[ARM] = (200, 20, 20)
    assert backdrop.examine(picture(rgb), seen(BODY), nothing) is None


def test_a_fence_across_a_meadow_is_not_the_riders():
    rgb = studio(150)
    rgb[150:158] = (250, 250, 250)
    rgb[60:66] = (250, 250, 250)
    rgb[BODY] = (120, 40, 20)
    assert not backdrop.examine(picture(rgb), seen(BODY), nothing).added.any()


def test_a_photograph_in_a_white_frame_is_not_a_studio():
    rgb = np.full((HEIGHT, WIDTH, 3), 255, np.float32)
    rgb[4:-4, 4:-4] = np.random.default_rng(2).normal(120, 40, (HEIGHT - 8, WIDTH - 8, 3))
    evidence = backdrop.examine(picture(rgb), seen(BODY), nothing)
    assert evidence is None or not evidence.added.any()


def test_a_subject_that_fills_the_frame_is_found_by_the_narrow_border():
    rgb = np.full((HEIGHT, WIDTH, 3), 255, np.float32)
    screen, stand = np.s_[3:220, 4:-4], np.s_[220:270, 160:240]
    rgb[screen] = rgb[stand] = (15, 15, 20)
    evidence = backdrop.examine(picture(rgb), seen(stand), nothing)
    assert overlap(evidence.added, screen) > 0.95


RING, HOLE = np.s_[90:230, 110:250], np.s_[120:200, 140:220]


def handle(p_hole):
    """A dark ring on the backdrop, whose middle the model takes for the subject with probability `p_hole`."""
    rgb = studio()
    wall = np.zeros((HEIGHT, WIDTH), bool)
    wall[RING], wall[HOLE] = True, False
    rgb[wall] = (40, 40, 45)
    probability = seen(RING)
    values = probability.values.copy()
    values[HOLE] = p_hole
    return picture(rgb), ProbabilityMap(values, 1.0, {}, named("u2netp"))


def test_a_hole_that_looks_like_the_backdrop_is_cut_if_the_model_agrees():
    evidence = backdrop.examine(*handle(0.8), nothing)
    assert overlap(evidence.holes, HOLE) > 0.85
    assert evidence.facts["holes"] == 1
    assert evidence.facts["holes_rejected"] == 0
    assert evidence.facts["pockets_judged"] == 1


def test_a_hole_stays_if_a_closer_look_sees_the_subject():
    evidence = backdrop.examine(*handle(0.8), everything)
    assert not evidence.holes.any()
    assert evidence.facts["holes_rejected"] == 1


def test_the_option_keeps_or_cuts_all_pockets():
    assert backdrop.examine(*handle(0.8), nothing, "keep") is None
    cut = backdrop.examine(*handle(0.999), everything, "cut")
    assert overlap(cut.holes, HOLE) > 0.85
    assert cut.facts["pockets_judged"] == 0


def test_what_stands_out_becomes_the_subject_if_the_model_found_none():
    rgb = studio()
    rgb[BODY] = (200, 20, 20)
    assert overlap(backdrop.examine(picture(rgb), seen(), nothing).added, BODY) > 0.9
    assert backdrop.examine(picture(studio()), seen(), nothing) is None


def test_a_sieve_costs_no_more_than_a_few_closer_looks():
    rgb, values = studio(), seen(RING).values.copy()
    rgb[RING] = (40, 40, 45)
    for top in range(100, 220, 30):
        for left in range(120, 240, 30):
            hole = np.s_[top : top + 16, left : left + 16]
            rgb[hole], values[hole] = studio()[hole], 0.8
    looks = []
    evidence = backdrop.examine(
        picture(rgb),
        ProbabilityMap(values, 1.0, {}, named("u2netp")),
        lambda part: looks.append(part) or nothing(part),
    )
    assert len(looks) == evidence.facts["holes"] == backdrop.MOST_LOOKS
    assert evidence.facts["holes_rejected"] == 16 - backdrop.MOST_LOOKS


def test_a_white_label_on_a_dark_bottle_stays_where_the_model_is_sure_of_it():
    evidence = backdrop.examine(*handle(0.999), nothing)
    assert evidence is None or not evidence.holes.any()


def test_a_white_product_on_white_loses_nothing():
    rgb = studio(250, slope=2, noise=1)
    rgb[BODY] = 246  # a towel: walls of no contrast
    assert backdrop.examine(picture(rgb), seen(BODY, p=0.9), nothing) is None


def test_the_trimap_knows_the_inside_of_the_evidence_and_leaves_its_outlines_to_matting():
    values = np.full((HEIGHT, WIDTH), BACKGROUND, np.uint8)
    values[RING] = FOREGROUND
    added, holes = np.zeros((2, HEIGHT, WIDTH), bool)
    added[100:150, 250:300], holes[HOLE] = True, True
    facts = {
        "added_share": 0.02,
        "holes": 1,
        "holes_rejected": 0,
        "pockets_judged": 1,
        "pocket_box": [140, 120, 80, 80],
        "left_out": 0.0,
        "left_out_box": None,
    }
    known = backdrop.marked(Trimap(values, {}), backdrop.Evidence(added, holes, 3, facts))
    assert known.values[125, 275] == FOREGROUND
    assert known.values[160, 180] == BACKGROUND
    assert {known.values[125, 301], known.values[120, 180], known.values[118, 180]} == {UNKNOWN}
    far = np.ones((HEIGHT, WIDTH), bool)
    far[96:154, 246:304] = far[116:204, 136:224] = False
    assert (known.values[far] == values[far]).all()
    assert known.facts["backdrop"] == facts


def blurred_arm(colour=(150, 90, 60)):
    """A body with an arm that is out of focus."""
    rgb = studio()
    soft = np.zeros((HEIGHT, WIDTH), np.float32)
    soft[ARM] = 1
    soft = cv2.GaussianBlur(soft, (0, 0), 12)[..., None]
    rgb = rgb * (1 - soft) + np.float32(colour) * soft
    rgb[BODY] = (200, 20, 20)
    return picture(rgb)


def test_a_blurred_part_is_added_where_a_closer_look_sees_the_subject():
    evidence = backdrop.examine(blurred_arm(), seen(BODY), everything)
    assert overlap(evidence.added, ARM) > 0.6
    evidence = backdrop.examine(blurred_arm(), seen(BODY), nothing)
    assert evidence is None or not evidence.added.any()


def test_a_hard_shadow_is_not_added_although_the_rooms_light_tints_it():
    rgb = studio()
    rgb[BODY] = (200, 20, 20)
    rgb[ARM] = np.float32([0.5, 0.56, 0.64]) * 230
    evidence = backdrop.examine(picture(rgb), seen(BODY), nothing)
    assert evidence is None or not evidence.added.any()


def test_many_blurred_parts_cost_no_more_than_a_few_closer_looks():
    soft = np.zeros((HEIGHT, WIDTH), np.float32)
    for row in range(12):
        soft[20 + 22 * row : 32 + 22 * row, 40:80] = 1
    soft = cv2.GaussianBlur(soft, (0, 0), 4)[..., None]
    rgb = studio() * (1 - soft) + np.float32((150, 90, 60)) * soft
    rgb[:, 81:90] = (200, 20, 20)
    looks = []
    backdrop.examine(picture(rgb), seen(np.s_[:, 70:90]), lambda part: looks.append(part) or nothing(part))
    assert 0 < len(looks) <= 4
