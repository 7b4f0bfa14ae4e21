"""The rows are those of PyMatting's Laplacian of the whole picture; an octave below has the finer one's energy."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse

from pipeline.matting import equations, kernels
from pipeline.matting.equations import assembled, coarsened, listed, parts
from pipeline.matting.pyramid import Level
from pipeline.types import FOREGROUND, UNKNOWN
from tests.pipeline.matting.scenes import hairy_disc


@pytest.fixture
def pool():
    with ThreadPoolExecutor(2) as threads:
        yield threads


def level(picture, trimap):
    return Level(picture.rgb, trimap.values == UNKNOWN, trimap.values == FOREGROUND)


def matrix(system):
    """The rows as a sparse matrix."""
    side = 2 * system.reach + 1
    n, k = np.nonzero(system.values)
    column = system.index[system.rows[n] + k // side - system.reach, system.cols[n] + k % side - system.reach]
    assert (column >= 0).all()
    return scipy.sparse.csr_array((system.values[n, k], (n, column)), shape=(len(system), len(system)))


def whole_laplacian(picture):
    """PyMatting's, of all pixels."""
    from pymatting.laplacian.cf_laplacian import cf_laplacian  # here, since the layer does not have it

    return cf_laplacian(picture)


def weights(fine, coarse):
    """P as a sparse matrix."""
    n, o = np.nonzero(fine.weights)
    column = coarse.index[fine.rows[n] // 2 + o // 3 - 1, fine.cols[n] // 2 + o % 3 - 1]
    assert (column >= 0).all()
    return scipy.sparse.csr_array((fine.weights[n, o], (n, column)), shape=(len(fine), len(coarse)))


@pytest.mark.pymatting
@pytest.mark.parametrize("size", [(60, 80), (150, 171)])
def test_rows_and_right_hand_side_are_those_of_pymattings_whole_laplacian(size, pool, monkeypatch):
    monkeypatch.setattr(equations, "_PART", 1000)  # so that there are borders between parts
    picture, trimap, _ = hairy_disc(*size)
    system, target = assembled(level(picture, trimap), pool)
    whole = whole_laplacian(picture.rgb / 255)
    unknown = (trimap.values == UNKNOWN).reshape(-1)
    np.testing.assert_allclose(matrix(system).toarray(), whole[unknown][:, unknown].toarray(), atol=1e-9)
    alpha = (trimap.values == FOREGROUND).astype(float).reshape(-1)
    np.testing.assert_allclose(target, -(whole @ alpha)[unknown], atol=1e-9)


@pytest.mark.pymatting
def exact_row(colours):
    """The middle row of the Laplacian of 3x3 colours, whose only window this is; in fractions, then float64 (9,)."""
    points = [[Fraction(int(value), 255) for value in colour] for colour in colours.reshape(9, 3)]
    mean = [sum(point[c] for point in points) / 9 for c in range(3)]
    away = [[point[c] - mean[c] for c in range(3)] for point in points]
    system = [
        [sum(d[a] * d[b] for d in away) + (Fraction(1, 10**7) if a == b else 0) for b in range(3)] + [away[4][a]]
        for a in range(3)
    ]
    for a in range(3):  # Gauss and Jordan
        system[a] = [value / system[a][a] for value in system[a]]
        for b in {0, 1, 2} - {a}:
            system[b] = [x - system[b][a] * y for x, y in zip(system[b], system[a], strict=True)]
    products = [sum(d[c] * system[c][3] for c in range(3)) for d in away]
    return np.array([float((k == 4) - Fraction(1, 9) - product) for k, product in enumerate(products)])


@pytest.mark.parametrize("seed", range(20))
def test_grey_windows_of_high_contrast_keep_their_digits(pool, seed):
    rng = np.random.default_rng(seed)
    grey = rng.integers(0, 256, (3, 3, 1)) + rng.integers(-1, 2, (3, 3, 3))
    picture = np.clip(grey, 0, 255).astype(np.uint8)
    made, _ = assembled(Level(picture, np.ones((3, 3), np.bool_), np.zeros((3, 3), np.bool_)), pool)
    row = made.values[4].reshape(5, 5)[1:4, 1:4].reshape(9)
    np.testing.assert_allclose(row, exact_row(picture), rtol=0, atol=1e-9)


@pytest.mark.pymatting
def test_unknown_pixels_at_the_pictures_edge_have_rows_of_what_is_inside(pool):
    rng = np.random.default_rng(0)
    rgb = rng.integers(0, 256, (9, 11, 3), np.uint8)
    unknown = np.ones((9, 11), bool)
    unknown[4, 4:6] = False
    system, _ = assembled(Level(rgb, unknown, ~unknown), pool)
    flat = unknown.reshape(-1)
    expected = whole_laplacian(rgb / 255)[flat][:, flat].toarray()
    np.testing.assert_allclose(matrix(system).toarray(), expected, atol=1e-8)


@pytest.mark.parametrize("size", [(60, 80), (61, 83)])
def test_every_octave_below_is_p_transposed_a_p(size, pool):
    picture, trimap, _ = hairy_disc(*size)
    fine, _ = assembled(level(picture, trimap), pool)
    for _ in range(4):  # the reach grows to its end
        coarse = coarsened(fine, pool)
        p = weights(fine, coarse)
        expected = (p.T @ matrix(fine) @ p).toarray()
        np.testing.assert_allclose(matrix(coarse).toarray(), expected, atol=1e-8)
        assert coarse.reach <= kernels.PAD
        fine = coarse


def test_what_is_linear_in_colour_comes_up_exactly(pool):
    picture, _, _ = hairy_disc(40, 40)
    unknown = np.ones((40, 40), bool)
    unknown[0, 0] = False
    fine, _ = assembled(Level(picture.rgb, unknown, ~unknown), pool)
    coarse = coarsened(fine, pool)
    model = np.array([0.3, -0.2, 0.5]) / 255
    low = coarse.picture[coarse.rows, coarse.cols] @ model
    high = fine.picture[fine.rows, fine.cols] @ model
    inside = (fine.rows > 3) & (fine.cols > 3) & (fine.rows < 36) & (fine.cols < 36)
    assert abs(weights(fine, coarse) @ low - high)[inside].max() < 0.02


def test_parts_are_whole_rows_and_cover_the_list():
    rows, _ = listed(np.random.default_rng(0).random((30, 7)) > 0.4)
    pieces = parts(rows, 10)
    assert pieces[0][0] == 0
    assert pieces[-1][1] == len(rows)
    for (_, end), (start, _) in itertools.pairwise(pieces):
        assert end == start
        assert rows[end - 1] < rows[start]
