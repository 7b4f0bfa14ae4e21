"""The methods give PyMatting's alpha or nearly, edge cases have their known alpha, and threads change nothing."""

import sys
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pipeline import matting
from pipeline.errors import MattingFailed, NoSubject, OutOfMemory, OutOfTime
from pipeline.matting import budget, multigrid
from pipeline.types import BACKGROUND, FOREGROUND, UNKNOWN, Picture
from tests.pipeline.matting.scenes import hairy_disc, known

METHODS = pytest.mark.parametrize("method", ["fast", "exact"])


def peer(picture, trimap):
    """Alpha as pymatting.estimate_alpha_cf has it."""
    import pymatting  # here, since the layer does not have it

    values = np.choose(np.searchsorted([BACKGROUND, UNKNOWN, FOREGROUND], trimap.values), [0.0, 0.5, 1.0])
    return pymatting.estimate_alpha_cf(picture.rgb / 255, values)


def changed(method, **settings):
    """A row of METHODS with other settings of the multigrid solver."""
    row = matting.METHODS[method]
    return row._replace(solved=partial(row.solved.func, row.solved.args[0]._replace(**settings)))


def flat(height, width, colour=90):
    return Picture(np.full((height, width, 3), colour, np.uint8))


@pytest.mark.pymatting
@pytest.mark.parametrize("size", [(60, 80), (61, 83), (120, 90)])
def test_exact_gives_the_alpha_of_pymatting(size):
    picture, trimap, _ = hairy_disc(*size)
    difference = abs(matting.solve(picture, trimap, method="exact").alpha - peer(picture, trimap))
    assert difference.max() <= 2e-3
    assert difference[trimap.values == UNKNOWN].mean() <= 1e-4


@pytest.mark.pymatting
def test_pymatting_on_the_box_alone_gives_the_alpha_of_the_whole_picture(capsys):
    picture, trimap, _ = hairy_disc(90, 120)
    wide = Picture(np.pad(picture.rgb, ((50, 40), (60, 70), (0, 0)), mode="edge"))
    around = known(np.pad(trimap.values, ((50, 40), (60, 70)), mode="edge"))
    matte = matting.solve(wide, around, method="pymatting")
    assert abs(matte.alpha - peer(wide, around)).max() <= 1e-5
    assert matte.facts["method"] == "pymatting"
    assert capsys.readouterr().out == ""


@pytest.mark.pymatting
def test_what_pymatting_prints_is_kept_from_standard_output(monkeypatch, capsys):
    import pymatting

    monkeypatch.setattr(pymatting, "estimate_alpha_cf", lambda _, trimap: sys.stdout.write("WARNING") and trimap)
    picture, trimap, _ = hairy_disc()
    matting.solve(picture, trimap, method="pymatting")
    assert capsys.readouterr() == ("", "WARNING")


@pytest.mark.pymatting
def test_the_message_when_pymatting_gives_up_names_other_methods(monkeypatch):
    import pymatting

    def gives_up(*_):
        raise ValueError("did not converge within 10000 iterations")

    monkeypatch.setattr(pymatting, "estimate_alpha_cf", gives_up)
    picture, trimap, _ = hairy_disc()
    with pytest.raises(MattingFailed, match=r"did not converge within 10000 iterations\. Choose matting fast or exact"):
        matting.solve(picture, trimap, method="pymatting")


@pytest.mark.parametrize("side", [BACKGROUND, FOREGROUND])
def test_pymatting_solves_nothing_where_only_one_side_is_near(side):
    values = np.full((300, 300), side)
    values[10:20, 10:20] = UNKNOWN
    values[250:, 250:] = FOREGROUND + BACKGROUND - side
    alpha = matting.solve(flat(300, 300), known(values), method="pymatting").alpha
    assert (alpha[:200, :200] == side / 255).all()


def test_the_budget_of_pymatting_counts_the_whole_box():
    values = np.zeros((4000, 4000))
    values[100, 100] = values[3900, 3900] = UNKNOWN
    values[2000, 2000] = FOREGROUND
    with pytest.raises(OutOfMemory, match="method pymatting needs too much memory"):
        matting.solve(flat(4000, 4000), known(values), method="pymatting")


@pytest.mark.parametrize("size", [(480, 640), (481, 643), (1100, 1300)])
def test_fast_is_close_to_exact(size):
    picture, trimap, truth = hairy_disc(*size)
    unknown = trimap.values == UNKNOWN
    assert np.count_nonzero(unknown) > multigrid.COARSEST, "a scene that is solved directly shows nothing"
    fast = matting.solve(picture, trimap).alpha
    whole = matting.solve(picture, trimap, method="exact").alpha
    errors = [np.mean((alpha - truth)[unknown] ** 2) for alpha in (fast, whole)]
    assert errors[0] <= errors[1] + 5e-4
    assert np.mean(abs(fast - whole)[unknown]) < 0.01


@pytest.mark.parametrize("size", [(240, 320), (480, 640)])
def test_fast_solves_fine_hair_at_full_size(size):
    picture, trimap, truth = hairy_disc(*size)
    unknown = trimap.values == UNKNOWN
    fast, exact = (matting.solve(picture, trimap, method=method).alpha for method in ("fast", "exact"))
    errors = [np.mean((alpha - truth)[unknown] ** 2) for alpha in (fast, exact)]
    assert errors[0] <= 1.1 * errors[1]


@METHODS
def test_known_pixels_survive_and_alpha_stays_within_its_range(method):
    picture, trimap, _ = hairy_disc()
    alpha = matting.solve(picture, trimap, method=method).alpha
    assert (alpha[trimap.values == FOREGROUND] == 1).all()
    assert (alpha[trimap.values == BACKGROUND] == 0).all()
    assert np.isfinite(alpha).all()
    assert 0 <= alpha.min() <= alpha.max() <= 1


@METHODS
def test_threads_do_not_change_a_bit(method):
    picture, trimap, _ = hairy_disc(360, 420)
    one, again, three = (matting.solve(picture, trimap, method=method, threads=n).alpha for n in (1, 1, 3))
    np.testing.assert_array_equal(one, again)
    np.testing.assert_array_equal(one, three)


@METHODS
def test_a_trimap_without_unknown_pixels_is_the_matte(method):
    matte = matting.solve(flat(2, 3), known([[0, 255, 0], [255, 0, 0]]), method=method)
    np.testing.assert_array_equal(matte.alpha, [[0, 1, 0], [1, 0, 0]])
    assert matte.facts["solved"] == []


@METHODS
@pytest.mark.parametrize("size", [(1, 1), (5, 7), (1, 50), (200, 300)])
def test_a_trimap_of_unknown_pixels_only_is_rejected(method, size):
    with pytest.raises(NoSubject, match="certain"):
        matting.solve(flat(*size), known(np.full(size, UNKNOWN)), method=method)


@METHODS
@pytest.mark.parametrize(("side", "answer"), [(BACKGROUND, 0), (FOREGROUND, 1)])
def test_if_only_one_side_is_known_every_pixel_is_that_side(method, side, answer):
    values = np.full((40, 50), UNKNOWN)
    values[3, 4] = side
    assert (matting.solve(flat(40, 50), known(values), method=method).alpha == answer).all()


@METHODS
@pytest.mark.pymatting
def test_an_unknown_band_one_pixel_wide_is_solved(method):
    picture, _, truth = hairy_disc()
    values = np.where(truth > 0.5, FOREGROUND, BACKGROUND)
    values[:, 80] = UNKNOWN
    alpha = matting.solve(picture, known(values), method=method).alpha
    expected = peer(picture, known(values))
    assert abs(alpha - expected).max() <= 2e-3


@METHODS
def test_islands_are_solved_as_if_each_were_alone(method):
    picture, trimap, _ = hairy_disc()
    both = Picture(np.concatenate([picture.rgb, picture.rgb[:, ::-1]], axis=1))
    values = np.concatenate([trimap.values, trimap.values[:, ::-1]], axis=1)
    alpha = matting.solve(both, known(values), method=method).alpha
    alone = matting.solve(picture, trimap, method=method).alpha
    assert abs(alpha[:, :160] - alone).max() <= (2e-3 if method == "exact" else 0.1)
    if method == "exact":
        assert abs(alpha[:, 160:] - alone[:, ::-1]).max() <= 2e-3


@METHODS
def test_one_colour_gives_a_smooth_step_from_side_to_side(method):
    values = np.full((40, 60), UNKNOWN)
    values[:, :10], values[:, -10:] = FOREGROUND, BACKGROUND
    row = matting.solve(flat(40, 60), known(values), method=method).alpha[20]
    assert (np.diff(row) <= 1e-3).all()
    assert row[30] == pytest.approx(0.5, abs=0.1)


@METHODS
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("side", [1, 2])
def test_a_picture_one_or_two_pixels_wide_is_solved(method, side, turned):
    values = np.full((side, 30), UNKNOWN)
    values[:, :8], values[:, -8:] = FOREGROUND, BACKGROUND
    rgb = np.zeros((side, 30, 3), np.uint8)
    rgb[:, :15] = 200
    if turned:
        values, rgb = values.T, rgb.swapaxes(0, 1)
    alpha = matting.solve(Picture(rgb.copy()), known(values), method=method).alpha
    np.testing.assert_allclose(alpha, rgb[..., 0] / 200, atol=0.06)


@METHODS
def test_a_turned_picture_gives_the_turned_matte(method):
    picture, trimap, _ = hairy_disc(256, 256)
    there = matting.solve(picture, trimap, method=method).alpha
    back = matting.solve(Picture(picture.rgb[::-1, ::-1]), known(trimap.values[::-1, ::-1]), method=method).alpha
    # Octaves begin at the upper left, so for fast the two differ by as much as its result differs from the exact one.
    assert np.mean(abs(there - back[::-1, ::-1])) <= (1e-5 if method == "exact" else 2e-3)


@METHODS
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_any_trimap_gives_a_matte_or_a_rejection(method, data):
    height, width = data.draw(st.tuples(st.integers(1, 12), st.integers(1, 12)))
    sides = st.sampled_from([BACKGROUND, UNKNOWN, FOREGROUND])
    trimap = known(data.draw(arrays.arrays(np.uint8, (height, width), elements=sides)))
    picture = Picture(data.draw(arrays.arrays(np.uint8, (height, width, 3))))
    if (trimap.values == UNKNOWN).all():
        with pytest.raises(NoSubject):
            matting.solve(picture, trimap, method=method)
        return
    alpha = matting.solve(picture, trimap, method=method).alpha
    assert np.isfinite(alpha).all()
    for side, answer in ((BACKGROUND, 0), (FOREGROUND, 1)):
        assert (alpha[trimap.values == side] == answer).all()


def test_a_large_picture_with_few_known_pixels_is_solved():
    values = np.full((300, 400), UNKNOWN)
    values[150, 100], values[150, 300] = FOREGROUND, BACKGROUND
    alpha = matting.solve(flat(300, 400), known(values)).alpha
    assert np.isfinite(alpha).all()
    assert alpha[150, 110] > alpha[150, 290]


@METHODS
def test_nothing_is_printed_and_nothing_of_the_input_changes(method, capfd):
    picture, trimap, _ = hairy_disc()
    before = picture.rgb.copy(), trimap.values.copy()
    matting.solve(picture, trimap, method=method)
    assert capfd.readouterr() == ("", "")
    np.testing.assert_array_equal(picture.rgb, before[0])
    np.testing.assert_array_equal(trimap.values, before[1])


@METHODS
def test_a_passed_deadline_raises_before_anything_begins(method):
    picture, trimap, _ = hairy_disc(480, 640)
    with pytest.raises(OutOfTime, match="left"):
        matting.solve(picture, trimap, method=method, deadline=0.01)
    assert matting.solve(picture, trimap, method=method, deadline=60).alpha.shape == (480, 640)


def test_a_budget_rejects_what_does_not_fit():
    with pytest.raises(OutOfMemory, match="Choose the method fast"):
        budget.check("exact", matting.METHODS["exact"].cost, 10_000_000, 50_000_000, None)
    budget.check("fast", matting.METHODS["fast"].cost, 10_000_000, 50_000_000, None)


def test_the_facts_describe_what_was_solved():
    picture, trimap, _ = hairy_disc(480, 640)
    fast = matting.solve(picture, trimap).facts
    count = int(np.count_nonzero(trimap.values == UNKNOWN))
    assert fast["method"] == "fast"
    assert fast["unknown_share"] == pytest.approx(count / (480 * 640), abs=1e-6)
    size, full = fast["solved"]
    assert (full["unknown"], full["cycles"]) == (count, 2)
    assert full["width"] * full["height"] == pytest.approx(4 * size["width"] * size["height"], rel=0.02)
    assert size["width"] * size["height"] < 480 * 640 / 4
    assert count / 5 < size["unknown"] < count / 3
    assert size["cycles"] == 2
    assert 0 < size["residual"] < 0.1
    assert fast["ms"] >= 0
    (size,) = matting.solve(picture, trimap, method="exact").facts["solved"]
    assert size["unknown"] == count
    assert size["residual"] < 1e-6


def test_a_picture_is_halved_until_it_is_small_enough_to_solve(monkeypatch):
    picture, trimap, truth = hairy_disc(1100, 1300)
    monkeypatch.setitem(matting.METHODS, "fast", changed("fast", largest=60_000))
    matte = matting.solve(picture, trimap)
    (size,) = matte.facts["solved"]
    assert size["width"] * size["height"] <= 60_000
    assert np.mean((matte.alpha - truth)[trimap.values == UNKNOWN] ** 2) < 5e-3


def test_a_solution_above_the_tolerance_is_an_error(monkeypatch):
    picture, trimap, _ = hairy_disc(240, 320)
    monkeypatch.setitem(matting.METHODS, "exact", changed("exact", most=1))
    with pytest.raises(MattingFailed, match="residual"):
        matting.solve(picture, trimap, method="exact")
