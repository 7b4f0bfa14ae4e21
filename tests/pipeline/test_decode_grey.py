"""Images that are data, such as trimaps, keep their values."""

import numpy as np
import pytest
from PIL import Image

from pipeline import decode
from tests.pipeline.decoding import GREY, UPRIGHT, max_difference
from tests.pipeline.pictures import LIMITS, exif, png, profile, saved


class TestGrey:
    @pytest.mark.parametrize("kind", ["L", "RGB", "LA", "RGBA", "P", "1"])
    def test_values_are_kept_in_every_mode(self, kind):
        trimap = np.array([[0, 128, 255], [255, 0, 128]], np.uint8) if kind != "1" else np.array([[0, 255]], np.uint8)
        image = Image.fromarray(trimap).convert(kind)
        if "A" in kind:
            image.putalpha(0)  # alpha does not count
        assert decode.decode_grey(saved(image, "PNG"), **LIMITS).tolist() == trimap.tolist()

    def test_16_bits_are_rounded_and_the_profile_is_ignored(self):
        deep = np.array([[0, 128 * 257, 65535]], np.uint16)
        assert decode.decode_grey(png(deep[..., None]), **LIMITS).tolist() == [[0, 128, 255]]
        assert decode.decode_grey(saved(GREY, "PNG", icc_profile=profile()), **LIMITS).tolist() == GREY.tolist()

    def test_transparent_pixels_become_unknown(self):
        strokes = np.array([[0, 255, 0, 255, 77]], np.uint8)
        alpha = np.array([[255, 255, 0, 127, 128]], np.uint8)
        layer = saved(np.dstack((strokes, strokes, strokes, alpha)), "PNG")
        assert decode.decode_grey(layer, **LIMITS).tolist() == [[0, 255, 128, 128, 77]]

    def test_the_image_is_turned_upright(self):
        assert max_difference(decode.decode_grey(saved(GREY, "PNG", exif=exif(6)), **LIMITS), UPRIGHT[6](GREY)) == 0
