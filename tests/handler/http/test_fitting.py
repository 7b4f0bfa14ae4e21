"""A result that is shrunk to fit into a response."""

import numpy as np
import pytest

from handler.http.fitting import shrunk_to_fit
from handler.http.measures import Measures
from pipeline.box import Box
from pipeline.encode import encode
from pipeline.types import Canvas

SIDE = 500


def canvas(kind):
    """Noise, opaque at the left and half transparent at the right."""
    rng = np.random.default_rng(1)
    rgb = rng.integers(0, 256, (SIDE, SIDE, 3)).astype(np.uint8)
    alpha = np.ones((SIDE, SIDE), np.float32)
    alpha[:, SIDE // 2 :] = rng.uniform(0, 1, (SIDE, SIDE // 2))
    return Canvas(None if kind == "alpha" else rgb, None if kind == "opaque" else alpha)


@pytest.mark.parametrize("share", [0.9, 0.5, 0.1])
@pytest.mark.parametrize(
    ("form", "kind"),
    [
        ("png", "both"),
        ("png", "opaque"),
        ("png", "alpha"),
        ("webp", "both"),
        ("jpeg", "opaque"),
        ("jpeg", "alpha"),
        ("zip", "both"),
    ],
)
def test_a_shrunk_result_fits_and_is_not_much_smaller_than_necessary(form, kind, share):
    made = encode(canvas(kind), format=form)
    limit = int(share * len(made.data))
    smaller, size = shrunk_to_fit(made, limit, quality=None, depth=8)
    assert 0.8 * limit < len(smaller.data) <= limit
    assert (smaller.content_type, smaller.extension) == (made.content_type, made.extension)
    assert size[0] == size[1] < SIDE
    if form != "zip":
        assert smaller.to_pil().size == size
        assert smaller.to_pil().mode == made.to_pil().mode


def test_colours_do_not_darken_where_alpha_ends():
    rgb, alpha = np.zeros((64, 64, 3), np.uint8), np.zeros((64, 64), np.float32)
    rgb[:, :33], alpha[:, :33] = 200, 1
    rgb[:4, :33] = np.random.default_rng(0).integers(190, 210, (4, 33, 3))
    made = encode(Canvas(rgb, alpha), format="png")
    smaller, _ = shrunk_to_fit(made, len(made.data) // 2, quality=None, depth=8)
    pixels = smaller.to_numpy()
    assert pixels[pixels[..., 3] > 0][:, :3].min() >= 185


@pytest.mark.parametrize("size", [(100, 50), (67, 33), (199, 99), (1, 1)])
def test_the_subject_stays_inside_of_the_image(size):
    scaled = Measures((200, 100), (400, 200), Box(3, 0, 197, 100)).scaled(size)
    assert scaled.size == size
    assert scaled.full_size == (400, 200)
    box = scaled.subject
    assert 0 <= box.left < box.left + box.width <= size[0]
    assert 0 <= box.top < box.top + box.height <= size[1]
