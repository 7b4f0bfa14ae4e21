"""Listing images, checked as a marketplace would check them: by code that uses neither its table nor placement."""

import io
import json

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from pipeline.errors import NoSubject
from pipeline.listings import make
from pipeline.marketplaces import MARKETPLACES
from pipeline.options import Options
from pipeline.run import cut_out
from pipeline.types import Cutout, Matte
from tests.pipeline.pictures import gradient, noise, saved

ALL = tuple(MARKETPLACES)


def disc(side=1600, radius=640, *, at=(0.5, 0.5), colour=(40, 90, 160)):
    """A soft-edged disc as (Cutout, Matte); `at` is its middle as a share of the sides."""
    y, x = np.mgrid[0:side, 0:side].astype(np.float32)
    alpha = np.clip(radius - np.hypot(y - at[1] * side, x - at[0] * side) + 0.5, 0, 1).astype(np.float32)
    opacity = np.rint(alpha * 255).astype(np.uint8)
    rgb = np.where(opacity[..., None] > 0, np.uint8(colour), np.uint8(0))
    return Cutout(np.dstack((rgb, opacity))), Matte(alpha)


def opened(encoded):
    return Image.open(io.BytesIO(encoded.data))


def rules(listing):
    return listing.compliance.described()["rules"]


def failing(listing):
    return {name for name, rule in rules(listing).items() if not rule["passes"]}


def assert_amazon_takes_it(image, seen):
    """Check Amazon's rules. seen: bool (H, W), where the product is on the listing, by an independent computation."""
    assert (image.format, image.mode) == ("JPEG", "RGB")
    assert "sRGB" in ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"])))
    assert max(image.size) >= 1600
    rgb = np.asarray(image)
    away = cv2.dilate(seen.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_RECT, (17, 17))) == 0
    assert (rgb[away] == 255).all()
    rows, columns = np.nonzero((rgb < 245).any(axis=2))
    share = (np.ptp(rows) + 1) / image.height, (np.ptp(columns) + 1) / image.width
    assert 0.85 <= max(share) <= 1


def test_amazon_takes_a_cut_out_photograph(photos, segmenter):
    data = saved(Image.open(photos / "coffee.png").convert("RGB").resize((1800, 1200)), "JPEG", quality=95)
    result = cut_out(data, segmenter, Options(marketplaces=("amazon-main",)))
    image = opened(result.listings["amazon-main"])
    # Where the cutout's own alpha says that the product is, scaled by its box and put into the middle.
    alpha = np.asarray(opened(result.output).getchannel("A"))
    rows, columns = np.nonzero(alpha >= 8)
    part = alpha[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    factor = 0.9 * 2000 / max(part.shape)
    part = cv2.resize(part, None, fx=factor, fy=factor)
    seen = np.zeros((2000, 2000), bool)
    top, left = (2000 - part.shape[0]) // 2, (2000 - part.shape[1]) // 2
    seen[top : top + part.shape[0], left : left + part.shape[1]] = part > 0
    assert_amazon_takes_it(image, seen)
    report = json.loads(json.dumps(result.report))
    assert report["compliance"]["amazon-main"]["complies"]
    assert report["listings"]["amazon-main"] == {
        "content_type": "image/jpeg",
        "width": 2000,
        "height": 2000,
        "bytes": len(result.listings["amazon-main"].data),
        "subject": [100, 182, 1800, 1637],
        "quality": 95,
    }


def test_one_matte_makes_every_listing_and_the_cutout_does_not_change(photo, segmenter):
    alone = cut_out(photo, segmenter)
    result = cut_out(photo, segmenter, Options(marketplaces=ALL))
    assert result.output.data == alone.output.data
    assert tuple(result.listings) == ALL
    assert alone.listings == {}
    assert result.report["compliance"].keys() == result.report["listings"].keys() == set(ALL)
    again = cut_out(photo, segmenter, Options(marketplaces=ALL))
    assert [made.data for made in again.listings.values()] == [made.data for made in result.listings.values()]


@pytest.mark.parametrize("name", ALL)
def test_a_whole_sharp_product_complies_everywhere(name):
    listing = make(*disc(), Options(), name)
    assert listing.compliance.complies, failing(listing)
    canvas = MARKETPLACES[name].canvas
    assert opened(listing.encoded).size == listing.size == (canvas.width, canvas.height)


@pytest.mark.parametrize(
    ("at", "edges"), [((0.5, 0.9), "bottom"), ((0.5, 0.1), "top"), ((0.1, 0.5), "left"), ((0.9, 0.9), "right bottom")]
)
def test_a_product_that_is_cut_off_touches_that_edge_and_fails(at, edges):
    listing = make(*disc(at=at), Options(), "ebay")
    assert failing(listing) == {"touches_edge"}
    assert 0 < rules(listing)["touches_edge"]["value"] < 0.5
    dark = np.asarray(opened(listing.encoded)).min(axis=2) < 200
    touched = {"top": dark[0], "bottom": dark[-1], "left": dark[:, 0], "right": dark[:, -1]}
    assert {side for side, pixels in touched.items() if pixels.any()} == set(edges.split())


def test_a_product_that_is_cut_off_on_opposite_sides_reaches_from_one_to_the_other():
    cutout, matte = disc(side=1600, radius=900)
    wide = slice(550, 1250)
    listing = make(Cutout(cutout.rgba[wide]), Matte(matte.alpha[wide]), Options(), "ebay")
    dark = np.asarray(opened(listing.encoded)).min(axis=2) < 200
    assert dark[:, 0].any()
    assert dark[:, -1].any()
    assert dark[0].any()  # above, more is cut off than below
    assert not dark[-1].any()
    assert "touches_edge" in failing(listing)


@pytest.mark.parametrize(("side", "fails"), [(3, True), (40, True), (500, True), (1000, False)])
def test_a_product_that_is_enlarged_too_far_fails(side, fails):
    listing = make(*disc(side=side, radius=side * 0.47), Options(), "etsy")
    enlarged = rules(listing)["enlarged"]
    assert enlarged["passes"] != fails
    assert enlarged["value"] == pytest.approx(1700 / (0.94 * side), rel=0.1 if side > 3 else 0.5)
    assert listing.size == (2000, 2000)


def test_white_stays_exact_however_far_a_tiny_product_is_enlarged():
    listing = make(*disc(side=60, radius=24), Options(), "amazon-main")
    assert failing(listing) == {"enlarged"}


def test_invisible_alpha_leaves_white_exact():
    cutout, matte = disc(radius=480)
    haze = np.maximum(matte.alpha, np.float32(5 / 255))
    rgba = cutout.rgba.copy()
    rgba[..., 3] = np.rint(haze * 255)
    listing = make(Cutout(rgba), Matte(haze), Options(), "amazon-main")
    assert listing.compliance.complies, failing(listing)
    assert (np.asarray(opened(listing.encoded))[:80] == 255).all()


@pytest.mark.parametrize(("level", "passes"), [(252, False), (235, True)])
def test_a_white_product_fills_as_much_as_differs_from_white(level, passes):
    listing = make(*disc(colour=(level, level, level)), Options(), "amazon-main")
    assert rules(listing)["fill"]["passes"] == passes
    assert rules(listing)["fill"]["value"] == (pytest.approx(0.9, abs=0.005) if passes else 0)


def test_a_file_too_large_is_made_smaller_by_quality_alone():
    _, matte = disc(side=2200, radius=1090)
    rgb = noise(2200, 2200, 3)
    cutout = Cutout(np.dstack((rgb * (matte.alpha > 0)[..., None], np.rint(matte.alpha * 255).astype(np.uint8))))
    listing = make(cutout, matte, Options(), "walmart")
    assert 70 < listing.quality < 95
    assert 4_500_000 < len(listing.encoded.data) <= 5_000_000
    assert listing.compliance.complies, failing(listing)


@pytest.mark.parametrize("shadow", ["drop", "contact"])
def test_a_shadow_is_on_the_listing_and_does_not_count_as_the_product(shadow):
    plain, shaded = (make(*disc(), Options(shadow=kind), "google-shopping") for kind in ("none", shadow))
    assert rules(shaded)["fill"] == rules(plain)["fill"]
    under = [np.asarray(opened(each.encoded))[1398:1402, 740:760].mean() for each in (plain, shaded)]
    assert under[0] == 255
    assert under[1] < 245


@pytest.mark.parametrize("alpha", [0, 7])
def test_a_transparent_picture_has_no_listing(segmenter, alpha):
    rgba = np.dstack((gradient(64, 64), np.full((64, 64), alpha, np.uint8)))
    with pytest.raises(NoSubject):
        cut_out(
            saved(rgba, "PNG"),
            segmenter,
            Options(marketplaces=("amazon-main",), trimap=saved(rgba[..., 0] * 0 + 255, "PNG")),
        )
