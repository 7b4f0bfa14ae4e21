"""What the tests of decoding compare: a picture, its planes, and the differences."""

import numpy as np
import pytest

from pipeline import decode
from tests.pipeline.pictures import HAS_HEIC, LIMITS, gradient

needs_heic = pytest.mark.skipif(not HAS_HEIC, reason="there is no HEIC encoder here")
RGB = gradient()
GREY = RGB[..., 0].copy()
ALPHA = np.where(GREY > 120, 255, GREY)
RGBA = np.dstack((RGB, ALPHA))


def opened(data):
    return decode.decode(data, **LIMITS)


def apart(a, b):
    """The largest difference in levels."""
    assert a.shape == b.shape
    return int(np.abs(a.astype(int) - b).max())


def rounded(deep):
    """16 bits to 8, by the definition."""
    return np.rint(deep.astype(np.float64) * 255 / 65535).astype(np.uint8)


# What Exif 2.3 says of the stored rows and columns: (the visual side of row 0, that of column 0).
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
