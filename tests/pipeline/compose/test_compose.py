"""Which pixels keep their bits, which are mixed, and in which light."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pipeline.compose import _CODE, _LIGHT, compose, over
from pipeline.errors import NoSubject
from pipeline.foreground import unmix
from pipeline.geometry import Colour
from pipeline.options import Options
from pipeline.types import Cutout, Matte, Picture, to_uint8

SOME_BYTES = b"stands for the file that `background` was decoded from"


def scene(height=60, width=80, *, soft=True, colour=(250, 240, 230)):
    """A bright disc with a soft edge, off the middle, as Cutout and Matte."""
    y, x = np.mgrid[:height, :width]
    alpha = np.clip((20 - np.hypot(x - 30, y - 25)) / (6 if soft else 1e-3) + 0.5, 0, 1).astype(np.float32)
    return cut(np.broadcast_to(np.uint8(colour), (height, width, 3)), alpha)


def cut(rgb, alpha):
    opacity = to_uint8(alpha)
    rgba = np.dstack([np.where(opacity[..., None] > 0, rgb, 0).astype(np.uint8), opacity])
    return Cutout(rgba), Matte(alpha.copy())


@st.composite
def cutouts(draw):
    shape = draw(st.tuples(st.integers(1, 20), st.integers(1, 20)))
    rgb = draw(arrays.arrays(np.uint8, (*shape, 3)))
    alpha = draw(arrays.arrays(np.float32, shape, elements=st.floats(0, 1, width=32)))
    alpha.flat[0] = 1  # something to see
    return cut(rgb, alpha)


@settings(max_examples=50, deadline=None)
@given(cutouts())
def test_without_options_no_pixel_changes(pair):
    cutout, matte = pair
    canvas = compose(cutout, matte, Options(), None)
    np.testing.assert_array_equal(canvas.rgb, cutout.rgba[..., :3])
    np.testing.assert_array_equal(canvas.alpha, matte.alpha)
    alone = compose(cutout, matte, Options(channels="alpha"), None)
    assert alone.rgb is None
    np.testing.assert_array_equal(alone.alpha, matte.alpha)


def test_a_crop_with_a_margin_past_the_edge_moves_pixels_without_changing_them():
    cutout, matte = scene()
    canvas = compose(cutout, matte, Options(crop=True, margin="20px"), None)
    width, height = canvas.subject.size
    assert (canvas.subject.left, canvas.subject.top) == (20, 20)
    assert canvas.size == (width + 40, height + 40)
    x, y = 30 - width // 2, 25 - height // 2  # of the subject in the picture: it is round
    np.testing.assert_array_equal(canvas.alpha[20:-20, 20:-20], matte.alpha[y : y + height, x : x + width])
    np.testing.assert_array_equal(canvas.rgb[20:-20, 20:-20], cutout.rgba[y : y + height, x : x + width, :3])
    # The margin shows the picture where there is one. Beyond its edge it is transparent.
    assert canvas.alpha[0].max() == 0


@settings(max_examples=50, deadline=None)
@given(cutouts(), st.sampled_from(["linear", "srgb"]), st.data())
def test_the_background_keeps_its_bits_where_alpha_is_0_and_the_subject_where_it_is_255(pair, blend, data):
    cutout, matte = pair
    back = data.draw(arrays.arrays(np.uint8, (*matte.alpha.shape, 3)))
    canvas = compose(cutout, matte, Options(background=SOME_BYTES, blend=blend), Picture(back.copy()))
    opacity = cutout.rgba[..., 3]
    assert canvas.alpha is None
    np.testing.assert_array_equal(canvas.rgb[opacity == 255], cutout.rgba[opacity == 255][:, :3])
    np.testing.assert_array_equal(canvas.rgb[opacity == 0], back[opacity == 0])
    low, high = np.minimum(back, cutout.rgba[..., :3]), np.maximum(back, cutout.rgba[..., :3])
    assert ((canvas.rgb >= low) & (canvas.rgb <= high)).all()


def to_light(code):
    """IEC 61966-2-1, in double precision."""
    code = np.asarray(code) / 255
    return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)


def to_code(light):
    return 255 * np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


def test_srgb_values_survive_the_conversion_to_linear_light():
    steps = (_LIGHT * np.float32(_CODE.size - 1) + np.float32(0.5)).astype(np.uint16)
    np.testing.assert_array_equal(_CODE[steps], np.arange(256))


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 255), st.integers(0, 255), st.integers(1, 254))
def test_linear_blending_mixes_light(front, back, opacity):
    alpha = np.full((1, 1), opacity / 255, np.float32)
    mixed = over(np.full((1, 1, 3), front, np.uint8), alpha, np.full((1, 1, 3), back, np.uint8), linear=True)
    a = opacity / 255
    true = to_code(a * to_light(front) + (1 - a) * to_light(back))
    assert abs(int(mixed[0, 0, 0]) - true) <= 0.55


def test_half_white_on_black_is_188_in_linear_light_and_128_in_srgb():
    white, black, half = np.full((1, 1, 3), 255, np.uint8), np.zeros((1, 1, 3), np.uint8), np.full((1, 1), 0.5)
    assert over(white, half.astype(np.float32), black, linear=True)[0, 0].tolist() == [188] * 3
    assert over(white, half.astype(np.float32), black, linear=False)[0, 0].tolist() == [128] * 3


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_recompositing_on_the_old_background_restores_the_picture(data):
    """Where alpha is fractional, by at most 3 levels of 255 on average, if F, B and alpha are smooth."""
    colour = st.tuples(*[st.integers(0, 255)] * 3)
    front, back = np.float32(data.draw(colour)), np.float32(data.draw(colour))
    height, width = data.draw(st.integers(48, 90)), data.draw(st.integers(48, 90))
    y, x = np.mgrid[:height, :width]
    alpha = np.clip((height / 3 - np.hypot(x - width / 2, y - height / 2)) / 10 + 0.5, 0, 1).astype(np.float32)
    behind = np.clip(back + (x[..., None] - width / 2) / 4, 0, 255).round().astype(np.uint8)
    a = alpha[..., None]
    picture = np.rint(a * front + (1 - a) * behind).astype(np.uint8)
    matte = Matte(alpha)
    options = Options(background=SOME_BYTES, blend="srgb")
    again = compose(unmix(Picture(picture), matte), matte, options, Picture(behind)).rgb
    error = np.abs(again.astype(int) - picture)
    opacity = to_uint8(alpha)
    assert not error[(opacity == 0) & (alpha == 0)].any()
    assert not error[opacity == 255].any()
    assert error[(opacity > 0) & (opacity < 255)].mean() <= 3


@settings(max_examples=40, deadline=None)
@given(
    cutouts(),
    st.sampled_from([np.s_[::-1], np.s_[:, ::-1]]),
    st.sampled_from([Options(), Options(background="#789"), Options(crop=True, margin="7%"), Options(crop=True)]),
)
def test_a_flipped_cutout_gives_the_flipped_canvas(pair, flip, options):
    cutout, matte = pair
    turned = Cutout(cutout.rgba[flip].copy()), Matte(matte.alpha[flip].copy())
    one, other = compose(*turned, options, None), compose(cutout, matte, options, None)
    np.testing.assert_array_equal(one.rgb, other.rgb[flip])


@pytest.mark.parametrize("canvas", [(37, 29), (20, 15), (400, 300), (93, 300)])
def test_scaling_keeps_the_subjects_colour_up_to_its_faintest_edge(canvas):
    cutout, matte = scene()
    scaled = compose(cutout, matte, Options(crop=True, scale=90, canvas=canvas), None)
    visible = to_uint8(scaled.alpha) > 0
    assert visible.any()
    np.testing.assert_allclose(
        scaled.rgb[visible].astype(int), np.broadcast_to((250, 240, 230), scaled.rgb[visible].shape), atol=1
    )
    assert not scaled.rgb[~visible].any()


def test_shrinking_keeps_the_mean_opacity():
    rng = np.random.default_rng(3)
    alpha = rng.random((64, 64)).astype(np.float32)
    cutout, matte = cut(np.full((64, 64, 3), 9), alpha)
    small = compose(cutout, matte, Options(canvas=(16, 16)), None)
    np.testing.assert_allclose(small.alpha, alpha.reshape(16, 4, 16, 4).mean(axis=(1, 3)), atol=1e-5)


def test_enlarging_stays_within_the_range_of_alpha():
    cutout, matte = scene(soft=False)
    big = compose(cutout, matte, Options(crop=True, scale=100, canvas=(300, 300)), None)
    assert (big.alpha.min(), big.alpha.max()) == (0, 1)
    assert max(big.subject.size) == 300


def test_alpha_alone_has_the_same_geometry():
    cutout, matte = scene()
    request = {"crop": True, "margin": "3px", "scale": 60, "canvas": (90, 50), "position": "10% 90%"}
    coloured = compose(cutout, matte, Options(**request), None)
    alone = compose(cutout, matte, Options(channels="alpha", **request), None)
    np.testing.assert_array_equal(alone.alpha, coloured.alpha)
    assert alone.subject == coloured.subject


@pytest.mark.parametrize("colour", ["white", "#102030", "rgb(1, 2, 3)"])
def test_a_colour_fills_the_whole_canvas_also_beyond_the_picture(colour):
    canvas = compose(*scene(), Options(crop=True, margin="40px", background=colour), None)
    assert canvas.alpha is None
    assert tuple(canvas.rgb[0, 0]) == tuple(canvas.rgb[-1, -1]) == Colour.parse(colour).rgb


def stripes(width, height):
    """uint8 (H, W, 3): three vertical stripes, red, green and blue."""
    return np.repeat(np.eye(3, dtype=np.uint8) * 255, width // 3, axis=0)[None].repeat(height, axis=0)


def test_a_background_picture_is_centred_and_fills_the_canvas():
    alpha = np.zeros((40, 40), np.float32)
    alpha[20, 20] = 1
    cutout, matte = cut(np.zeros((40, 40, 3)), alpha)
    wide = compose(cutout, matte, Options(background=SOME_BYTES), Picture(stripes(120, 40)))
    assert (wide.rgb[:15] == (0, 255, 0)).all()
    tall = compose(cutout, matte, Options(background=SOME_BYTES), Picture(stripes(120, 40).transpose(1, 0, 2).copy()))
    assert (tall.rgb[:15] == (0, 255, 0)).all()


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (3000, 2), (40, 39)])
def test_a_background_of_any_shape_fills_the_canvas(size):
    canvas = compose(*scene(), Options(background=SOME_BYTES), Picture(np.full((*size, 3), 77, np.uint8)))
    assert (canvas.rgb[-1] == 77).all()
    assert canvas.size == (80, 60)


def test_a_transparent_background_is_put_on_white():
    back = Picture(np.zeros((60, 80, 3), np.uint8), np.zeros((60, 80), np.uint8))
    assert (compose(*scene(), Options(background=SOME_BYTES), back).rgb[0] == 255).all()


def test_the_subject_box_is_where_the_subject_is_on_the_canvas():
    canvas = compose(*scene(), Options(crop=True, scale=70, canvas=(200, 120), position="100% 0%"), None)
    box = canvas.subject
    rows, columns = np.nonzero(canvas.alpha >= 8 / 255)
    np.testing.assert_allclose(
        (box.left, box.top, box.right, box.bottom),
        (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1),
        atol=2,
    )


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1)])
@pytest.mark.parametrize("options", [Options(), Options(crop=True), Options(canvas=(64, 64), scale=50)], ids=str)
@pytest.mark.parametrize("background", [None, "teal"])
def test_cutouts_of_extreme_shapes_are_composed(size, options, background):
    cutout, matte = cut(np.full((*size, 3), 200), np.full(size, 0.5, np.float32))
    canvas = compose(cutout, matte, options.overridden_by({"background": background}), None)
    assert canvas.size == ((options.canvas.width, options.canvas.height) if options.canvas else size[::-1])


@pytest.mark.parametrize("options", [Options(), Options(crop=True), Options(channels="alpha")], ids=str)
def test_an_empty_cutout_is_rejected(options):
    cutout, matte = cut(np.zeros((8, 8, 3)), np.zeros((8, 8), np.float32))
    with pytest.raises(NoSubject):
        compose(cutout, matte, options, None)


def test_a_second_run_gives_the_same_bytes():
    options = Options(crop=True, scale=60, canvas=(90, 50), background="#345")
    one, other = (compose(*scene(), options, None) for _ in range(2))
    np.testing.assert_array_equal(one.rgb, other.rgb)


def test_cutout_and_matte_must_have_the_same_size():
    with pytest.raises(AssertionError, match="sizes differ"):
        compose(scene()[0], scene(61)[1], Options(), None)
