"""The rows are those of PyMatting's Laplacian of the whole picture, wherever the tiles end."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from pymatting.laplacian.cf_laplacian import cf_laplacian

from pipeline.matting.laplacian import assemble
from pipeline.stages import FOREGROUND, UNKNOWN
from tests.pipeline.matting.scenes import hairy_disc


def test_system_is_that_of_the_whole_picture():
    picture, trimap, _ = hairy_disc(150, 170)
    unknown, alpha = trimap.values == UNKNOWN, (trimap.values == FOREGROUND).astype(np.float64)
    with ThreadPoolExecutor(2) as pool:
        system = assemble(picture.rgb, unknown, alpha, pool, np.float64)
    whole = cf_laplacian(picture.rgb / 255)
    pixel = system.rows * 170 + system.cols
    rows = whole[pixel]
    x = np.random.default_rng(0).random(len(pixel))
    product = np.einsum("ij,ij->i", system.values, np.append(x, 0)[system.columns])
    np.testing.assert_allclose(product, rows[:, pixel] @ x, atol=1e-9)
    np.testing.assert_allclose(system.target, -rows @ np.where(unknown, 0, alpha).reshape(-1), atol=1e-9)
    assert len(np.unique(pixel)) == np.count_nonzero(unknown)
