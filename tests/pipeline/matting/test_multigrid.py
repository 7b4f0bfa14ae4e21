"""The cycles lead to the answer of a direct solver, and are the symmetric operator that conjugate gradients need."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from pipeline.matting import multigrid
from pipeline.matting.equations import assembled
from pipeline.matting.pyramid import Level
from pipeline.types import FOREGROUND, UNKNOWN
from tests.pipeline.matting.scenes import hairy_disc


@pytest.fixture
def pool():
    with ThreadPoolExecutor(2) as threads:
        yield threads


@pytest.fixture
def system(pool):
    picture, trimap, _ = hairy_disc(240, 320)
    made, target = assembled(Level(picture.rgb, trimap.values == UNKNOWN, trimap.values == FOREGROUND), pool)
    assert len(made) > 2 * multigrid.COARSEST
    return made, target


def test_the_answer_is_that_of_sparse_factors(system, pool):
    made, target = system
    exact = multigrid._factors(made).solve(target)
    found = multigrid.solve(multigrid.octaves_of(made, pool), target, tolerance=1e-8, most=200)
    assert found.residual <= 1e-8
    assert abs(found.x - exact).max() <= 1e-4


def test_few_cycles_suffice(system, pool):
    made, target = system
    assert multigrid.solve(multigrid.octaves_of(made, pool), target, tolerance=1e-6, most=200).cycles <= 40
    rough, fine = (multigrid.solve(multigrid.octaves_of(made, pool), target, tolerance=0, most=most) for most in (2, 8))
    assert fine.residual < rough.residual / 5
    assert (rough.cycles, fine.cycles) == (2, 8)


def test_a_cycle_is_a_symmetric_and_positive_operator(system, pool):
    made, _ = system
    octaves = multigrid.octaves_of(made, pool)
    rng = np.random.default_rng(0)
    one, other = made.grid(), made.grid()
    made.put(one, rng.normal(size=len(made)))
    made.put(other, rng.normal(size=len(made)))
    crossed = octaves.dot(octaves.cycle(one), other)
    assert crossed == pytest.approx(octaves.dot(octaves.cycle(other), one), rel=1e-6)
    assert octaves.dot(octaves.cycle(one), one) > 0


def test_nothing_to_solve_for_is_solved_by_zero(system, pool):
    made, target = system
    found = multigrid.solve(multigrid.octaves_of(made, pool), np.zeros_like(target), tolerance=1e-6, most=5)
    assert found.cycles == 0
    assert found.residual == 0
    assert not found.x.any()
