"""A matte is applied to other sizes of its picture, whose colours and alpha are known at every size."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from pipeline.apply import apply_matte
from pipeline.errors import AspectMismatch, BadOptions, NotAnImage
from pipeline.options import Options
from tests.pipeline.pictures import exif, saved

FRONT, BACK = (210, 120, 40), (30, 60, 170)


def alpha_at(width, height):
    """A soft disc, uint8 (H, W), the same at every size."""
    y, x = np.mgrid[0:height, 0:width]
    far = np.hypot((y + 0.5) / height - 0.5, (x + 0.5) / width - 0.5)
    return np.rint(np.clip((0.35 - far) * 12 + 0.5, 0, 1) * 255).astype(np.uint8)


def scene(width, height):
    share = alpha_at(width, height)[..., None] / 255
    return np.rint(share * FRONT + (1 - share) * BACK).astype(np.uint8)


def opened(result):
    return np.array(Image.open(io.BytesIO(result.output.data)))


@pytest.mark.parametrize("size", [(320, 240), (160, 120), (640, 480), (107, 80), (331, 248)])
def test_alpha_and_colours_are_those_of_the_target_size(size):
    result = apply_matte(saved(scene(*size), "PNG"), saved(alpha_at(320, 240), "PNG"))
    rgba, truth = opened(result), alpha_at(*size).astype(int)
    assert rgba.shape == (size[1], size[0], 4)
    assert np.abs(rgba[..., 3] - truth).max() <= 6
    soft = (truth > 40) & (truth < 255)
    assert np.abs(rgba[soft][:, :3].astype(int) - FRONT).mean() < 12  # unmixed: the picture's own are half BACK there
    solid = rgba[..., 3] == 255
    assert np.array_equal(rgba[solid][:, :3], scene(*size)[solid])
    assert result.report["matting"] == {"method": "given", "width": 320, "height": 240}
    assert (result.report["status"], result.report["model"]) == ("done", None)


def test_at_its_own_size_the_matte_is_kept_to_the_bit():
    result = apply_matte(saved(scene(320, 240), "PNG"), saved(alpha_at(320, 240), "PNG"), Options(channels="alpha"))
    assert np.array_equal(opened(result), alpha_at(320, 240))


def test_the_transparency_of_a_cutout_is_the_matte():
    cutout = np.dstack((scene(320, 240), alpha_at(320, 240)))
    picture = saved(scene(160, 120), "PNG")
    assert apply_matte(picture, saved(cutout, "PNG")).output.data == (
        apply_matte(picture, saved(alpha_at(320, 240), "PNG")).output.data
    )


def test_the_pictures_own_transparency_and_orientation_count():
    own = np.full((240, 320), 255, np.uint8)
    own[:, :160] = 51
    turned = np.rot90(np.dstack((scene(320, 240), own)), -1)  # stored on its side, to be turned back by 8
    result = apply_matte(saved(turned, "PNG", exif=exif(8)), saved(alpha_at(320, 240), "PNG"))
    assert opened(result)[120, 150, 3] == 51
    assert opened(result)[120, 170, 3] == 255


def test_output_options_and_profiles_hold_as_for_a_cut():
    picture, alpha = saved(scene(1600, 1200), "PNG"), saved(alpha_at(400, 300), "PNG")
    result = apply_matte(picture, alpha, Options(marketplaces=("etsy",), shadow="contact"))
    assert result.report["compliance"]["etsy"]["complies"]
    assert Image.open(io.BytesIO(result.listings["etsy"].data)).size == (2000, 2000)
    behind = saved(np.full((9, 9, 3), (1, 2, 3), np.uint8), "PNG")
    white = opened(apply_matte(picture, alpha, Options(background=behind, canvas=(80, 60))))
    assert white[0, 0].tolist() == [1, 2, 3]


@pytest.mark.parametrize("size", [(320, 320), (240, 320), (320, 230), (1000, 760), (320, 1)])
def test_a_matte_of_another_shape_is_rejected(size):
    with pytest.raises(AspectMismatch, match=f"{size[0]} x {size[1]} pixels and the matte 320 x 240") as rejected:
        apply_matte(saved(scene(*size), "PNG"), saved(alpha_at(320, 240), "PNG"))
    assert rejected.value.code == "aspect_mismatch"


@pytest.mark.parametrize("factor", [0.013, 0.1, 0.333, 0.77, 1.9])
@pytest.mark.parametrize("size", [(3000, 2000), (1333, 1000), (401, 7)])
def test_a_side_that_a_resizer_rounded_is_not_another_shape(size, factor):
    other = tuple(max(1, round(side * factor)) for side in size)
    grey = cv2.resize(alpha_at(*size), other, interpolation=cv2.INTER_AREA)
    grey[grey.shape[0] // 2, grey.shape[1] // 2] = 255
    small = np.zeros((other[1], other[0], 3), np.uint8)
    assert (
        opened(apply_matte(saved(small, "PNG"), saved(np.maximum(alpha_at(*size), 9), "PNG"))).shape[:2] == other[::-1]
    )


def test_a_bad_matte_is_a_bad_option():
    with pytest.raises(BadOptions, match=r"^The matte: "):
        apply_matte(saved(scene(32, 24), "PNG"), b"no picture")
    with pytest.raises(NotAnImage):
        apply_matte(b"no picture", saved(alpha_at(32, 24), "PNG"))
