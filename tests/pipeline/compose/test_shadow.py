"""A shadow's place, softness and darkness, for shapes whose shadow is known."""

import io

import numpy as np
import pytest
from PIL import Image

from pipeline.compose import compose
from pipeline.compose.shadow import cast_shadow
from pipeline.encode import encode
from pipeline.options import Options
from pipeline.types import Cutout, Matte

KINDS = ("drop", "contact")


def box(top=100, bottom=300, left=150, right=250, size=(400, 400)):
    alpha = np.zeros(size, np.float32)
    alpha[top:bottom, left:right] = 1
    return alpha


def canvas(alpha, **options):
    rgba = np.dstack((np.full((*alpha.shape, 3), 200, np.uint8), np.rint(alpha * 255).astype(np.uint8)))
    rgba[rgba[..., 3] == 0] = 0
    return compose(Cutout(rgba), Matte(alpha), Options(**options), None)


@pytest.mark.parametrize("kind", KINDS)
def test_a_shadow_is_soft_and_as_dark_as_its_opacity(kind):
    alpha = box()
    dark = cast_shadow(alpha, kind, 80)
    assert dark.dtype == np.float32
    assert dark.shape == alpha.shape
    assert 0.6 < dark.max() <= 0.8
    assert dark.min() == 0
    assert np.abs(np.diff(dark, axis=0)).max() < 0.35  # 2 pixels of 400 are what the sharpest blur covers
    assert np.allclose(cast_shadow(alpha, kind, 40) * 2, dark, atol=1e-6)
    assert not cast_shadow(alpha, kind, 0).any()


def test_a_drop_shadow_falls_down_and_to_the_right():
    dark = cast_shadow(box(), "drop", 100)
    assert dark[303, 200] > dark[97, 200] + 0.2
    assert dark[200, 252] > dark[200, 147] + 0.1


def test_a_contact_shadow_is_where_the_subject_stands():
    alpha = box(bottom=260, left=80, right=320)  # a table, and its legs
    alpha[260:320, 90:100] = alpha[260:320, 300:310] = 1
    dark = cast_shadow(alpha, "contact", 100)
    rows = np.arange(400)
    for column in (95, 200, 305):  # under a leg, and on the floor between them
        assert abs(np.average(rows, weights=dark[:, column]) - 319) < 6
    assert dark[:270].max() < 0.05


def test_a_contact_shadow_does_not_follow_overhanging_parts():
    alpha = box(left=180, right=220)
    alpha[100:140, 60:340] = 1  # a T: its arms are far above the floor
    dark = cast_shadow(alpha, "contact", 100)
    assert dark[:, 100].max() < 0.02
    assert dark[300, 200] > 0.7


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (2, 3), (3000, 20)])
def test_shadows_work_on_odd_canvases_and_at_every_edge(kind, size):
    dark = cast_shadow(np.ones(size, np.float32), kind, 100)
    assert dark.shape == size
    assert np.isfinite(dark).all()
    assert dark.max() <= 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_subject_that_is_nowhere_solid_casts_no_shadow(kind):
    assert not cast_shadow(np.full((50, 60), 0.3, np.float32), kind, 100).any()


@pytest.mark.parametrize("kind", KINDS)
def test_a_shadow_does_not_darken_the_subject(kind):
    alpha = box()
    for made in (canvas(alpha, shadow=kind), canvas(alpha, shadow=kind, background="#8090a0")):
        assert (made.rgb[alpha == 1] == 200).all()
    assert (made.rgb[303, 200] < (0x78, 0x88, 0x98)).all()
    assert made.rgb[5, 5].tolist() == [0x80, 0x90, 0xA0]


@pytest.mark.parametrize("kind", KINDS)
def test_a_shadow_on_transparency_composites_to_the_same_as_on_a_colour(kind):
    alpha = box()
    alpha[100:300, 140:150] = 0.5
    file = encode(canvas(alpha, shadow=kind), format="png")
    rgba = np.asarray(Image.open(io.BytesIO(file.data))).astype(float)
    share = rgba[..., 3:] / 255
    over = share * rgba[..., :3] + (1 - share) * 255
    direct = canvas(alpha, shadow=kind, background="white", blend="srgb").rgb
    assert np.abs(over - direct).max() <= 2
