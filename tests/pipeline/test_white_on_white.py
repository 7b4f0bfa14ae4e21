"""White products before a white backdrop, drawn: their white parts look like the backdrop and must not be cut out."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from pipeline import backdrop
from pipeline.models import named
from pipeline.options import Options
from pipeline.run import cut_out
from pipeline.types import Picture, ProbabilityMap

SIDE = 400
WHITE, SHADE, BLUE, BLACK = (252, 252, 252), (228, 229, 231), (30, 60, 150), (25, 25, 28)


def towel(rgb, mask):
    """Folded, with nothing but soft shades between the folds."""
    for plane, colour in ((rgb, WHITE), (mask, 255)):
        cv2.rectangle(plane, (80, 120), (320, 300), colour, -1)
    for y in (160, 205, 250):
        cv2.line(rgb, (80, y), (320, y), SHADE, 6)
    cv2.rectangle(rgb, (80, 120), (320, 300), SHADE, 3)


def cup(rgb, mask):
    """Enamel with a blue rim and a blue foot: the rim walls in a white inside."""
    cv2.rectangle(mask, (110, 130), (290, 304), 255, -1)
    cv2.ellipse(mask, (200, 130), (94, 32), 0, 0, 360, 255, -1)
    cv2.rectangle(rgb, (110, 130), (290, 300), WHITE, -1)
    cv2.rectangle(rgb, (110, 130), (290, 300), SHADE, 3)
    cv2.rectangle(rgb, (110, 292), (290, 304), BLUE, -1)
    cv2.ellipse(rgb, (200, 130), (90, 28), 0, 0, 360, WHITE, -1)
    cv2.ellipse(rgb, (200, 130), (90, 28), 0, 0, 360, BLUE, 6)


def bottle_cap(rgb, mask):
    """A white cap on a dark bottle."""
    for plane, dark, light in ((rgb, BLACK, WHITE), (mask, 255, 255)):
        cv2.rectangle(plane, (150, 150), (250, 350), dark, -1)
        cv2.rectangle(plane, (170, 90), (230, 150), light, -1)
    cv2.rectangle(rgb, (170, 90), (230, 150), SHADE, 2)


def shoe_sole(rgb, mask):
    """A white sole below a blue shoe."""
    for plane, upper, sole in ((rgb, BLUE, WHITE), (mask, 255, 255)):
        cv2.ellipse(plane, (200, 240), (140, 90), 0, 180, 360, upper, -1)
        cv2.rectangle(plane, (60, 240), (340, 275), sole, -1)
    cv2.rectangle(rgb, (60, 240), (340, 275), SHADE, 2)


def drawn(product):
    """The image, and where the product is: uint8 (H, W, 3) and bool (H, W)."""
    rgb, mask = np.full((SIDE, SIDE, 3), 254, np.uint8), np.zeros((SIDE, SIDE), np.uint8)
    product(rgb, mask)
    grain = np.random.default_rng(5).normal(0, 1, rgb.shape)
    return np.clip(cv2.GaussianBlur(rgb, (0, 0), 0.8) + grain, 0, 255).astype(np.uint8), mask > 0


PRODUCTS = [towel, cup, bottle_cap, shoe_sole]


@pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: product.__name__)
def test_a_model_that_is_sure_of_the_product_loses_none_of_it(product):
    rgb, mask = drawn(product)
    probability = ProbabilityMap(np.where(mask, np.float32(0.99), np.float32(0.01)), 1.0, {}, named("u2netp"))
    evidence = backdrop.examine(Picture(rgb), probability, lambda part: np.zeros(part.rgb.shape[:2], np.float32))
    assert evidence is None or not evidence.holes.any()


def test_the_inside_of_the_cup_would_be_cut_if_the_user_asked_for_it():
    rgb, mask = drawn(cup)
    probability = ProbabilityMap(np.where(mask, np.float32(0.99), np.float32(0.01)), 1.0, {}, named("u2netp"))
    assert backdrop.examine(Picture(rgb), probability, lambda part: part.rgb[..., 0], "cut").holes[130, 200]


@pytest.mark.parametrize("product", [towel, bottle_cap, shoe_sole], ids=lambda product: product.__name__)
def test_a_part_without_walls_stays_although_the_model_and_the_closer_look_doubt_it(product):
    rgb, mask = drawn(product)
    probability = ProbabilityMap(np.where(mask, np.float32(0.7), np.float32(0.01)), 1.0, {}, named("u2netp"))
    evidence = backdrop.examine(Picture(rgb), probability, lambda part: np.zeros(part.rgb.shape[:2], np.float32))
    assert evidence is None or not evidence.holes.any()


@pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: product.__name__)
def test_with_the_real_model_looking_for_holes_costs_no_pixel_of_the_product(product, segmenter):
    rgb, mask = drawn(product)
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, "png")
    kept, cut = (
        np.asarray(Image.open(io.BytesIO(cut_out(file.getvalue(), segmenter, Options(holes=mode)).output.data)))[..., 3]
        for mode in ("keep", "auto")
    )
    assert kept[mask].mean() > 127, "the model must see the product at all"
    assert (cut[mask] >= kept[mask]).all()
