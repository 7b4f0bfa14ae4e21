"""What the tests of decoding share: a picture, its planes, and a measure of differences."""

import numpy as np
import pytest

from pipeline import decode
from tests.pipeline.pictures import HAS_HEIC, LIMITS, gradient

needs_heic = pytest.mark.skipif(not HAS_HEIC, reason="there is no HEIC encoder here")
RGB = gradient()
GREY = RGB[..., 0].copy()
ALPHA = np.where(GREY > 120, 255, GREY)
RGBA = np.dstack((RGB, ALPHA))


def decoded(data):
    return decode.decode(data, **LIMITS)


def max_difference(a, b):
    """The largest difference in levels."""
    assert a.shape == b.shape
    return int(np.abs(a.astype(int) - b).max())


def to_8_bits(deep):
    """16-bit samples rounded to 8 bits, by the definition."""
    return np.rint(deep.astype(np.float64) * 255 / 65535).astype(np.uint8)


# By orientation: Exif 2.3 defines it by the visual sides of the stored row 0 and column 0.
UPRIGHT = {
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: lambda a: np.fliplr(np.rot90(a, -1)),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.fliplr(np.rot90(a, 1)),
    8: lambda a: np.rot90(a, 1),
}
