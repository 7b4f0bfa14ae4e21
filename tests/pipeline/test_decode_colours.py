"""Colours with a profile, Lab and CMYK are converted to sRGB."""

import numpy as np
import pytest
from PIL import Image, ImageCms

from tests.pipeline.decoding import ALPHA, GREY, RGB, decoded, max_difference
from tests.pipeline.pictures import bmp, in_wide_gamut, noise, profile, saved


def test_wide_gamut_becomes_srgb():
    wide = in_wide_gamut(RGB)
    assert max_difference(wide, RGB) > 10  # or the test would prove nothing
    for data in (
        saved(wide, "PNG", icc_profile=profile()),
        saved(wide, "WEBP", lossless=True, icc_profile=profile()),
        saved(wide, "TIFF", icc_profile=profile()),
    ):
        assert max_difference(decoded(data).rgb, RGB) <= 3
    assert max_difference(decoded(saved(wide, "JPEG", quality=98, subsampling=0, icc_profile=profile())).rgb, RGB) <= 10
    assert np.mean(np.abs(decoded(saved(wide, "AVIF", quality=98, icc_profile=profile())).rgb.astype(int) - RGB)) <= 2


def test_alpha_goes_through_a_profile_untouched():
    picture = decoded(saved(np.dstack((in_wide_gamut(RGB), ALPHA)), "PNG", icc_profile=profile()))
    assert max_difference(picture.rgb, RGB) <= 3
    assert max_difference(picture.alpha, ALPHA) == 0


def test_an_srgb_profile_changes_nothing():
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert max_difference(decoded(saved(noise(64, 64, 3), "PNG", icc_profile=srgb)).rgb, noise(64, 64, 3)) == 0


def test_grey_and_colour_profiles_apply_to_grey_images():
    for icc in (profile(space="GRAY"), profile()):
        picture = decoded(saved(GREY, "PNG", icc_profile=icc))
        assert picture.notes == ()
        assert max_difference(picture.rgb[..., 0], picture.rgb[..., 2]) <= 1
        assert 1 <= max_difference(picture.rgb[..., 0], GREY) <= 12  # gamma 2.2 is close to sRGB's curve, but is not it


@pytest.mark.parametrize("icc", [b"broken", profile()[:200], profile(space="CMYK"), bytes(500)])
def test_an_unusable_profile_is_noted(icc):
    picture = decoded(saved(RGB, "PNG", icc_profile=icc))
    assert max_difference(picture.rgb, RGB) == 0
    assert len(picture.notes) == 1
    assert "colour profile" in picture.notes[0]


def test_a_jpeg_profile_in_parts_that_do_not_fit_is_noted():
    data = saved(RGB, "JPEG", icc_profile=profile())
    assert decoded(data).notes == ()
    lost = data.replace(b"ICC_PROFILE\0\1\1", b"ICC_PROFILE\0\1\2")
    assert "damaged" in decoded(lost).notes[0]


def test_a_lab_tiff_becomes_srgb():
    to_lab = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
    lab = ImageCms.applyTransform(Image.fromarray(RGB), to_lab)
    lab.info.clear()
    # a and b have 8 bits, too few for dark blue.
    assert np.mean(np.abs(decoded(saved(lab, "TIFF")).rgb.astype(int) - RGB)) <= 2


def test_cmyk_without_a_profile_is_approximate_and_noted():
    ink = np.dstack((RGB, GREY // 3))
    image = Image.fromarray(ink, "CMYK")
    ideal = np.rint((255.0 - ink[..., :3]) * (255.0 - ink[..., 3:]) / 255)
    for data in (saved(image, "TIFF"), saved(image, "TIFF", compression="tiff_lzw")):
        picture = decoded(data)
        assert max_difference(picture.rgb, ideal) <= 2
        assert "approximate" in picture.notes[0]
    jpeg = saved(image, "JPEG", quality=95, subsampling=0)
    assert max_difference(decoded(jpeg).rgb, ideal) <= 16


def test_a_cmyk_jpeg_looks_the_same_without_adobes_segment():
    # As in browsers and ImageMagick. Tools that strip metadata remove the segment and do not change the samples.
    jpeg = saved(Image.fromarray(np.dstack((RGB, GREY // 3)), "CMYK"), "JPEG", quality=95, subsampling=0)
    at = jpeg.index(b"\xff\xee")
    unmarked = jpeg[:at] + jpeg[at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big") :]
    assert max_difference(decoded(unmarked).rgb, decoded(jpeg).rgb) == 0


def test_the_profile_of_a_bmp_is_applied():
    wide = in_wide_gamut(RGB)
    data = bmp(wide[::-1, :, ::-1].tobytes(), 36, 24, 24, icc=profile())
    assert max_difference(decoded(data).rgb, RGB) <= 3
    linked = data.replace(b"DEBM", b"KNIL")
    assert "another file" in decoded(linked).notes[0]
    assert "damaged" in decoded(data[:-9]).notes[0]
