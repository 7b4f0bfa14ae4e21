"""Picture, Trimap -> Matte: alpha of the unknown pixels, by closed-form matting.

The method is that of Levin, Lischinski and Weiss, "A Closed-Form Solution to Natural Image Matting", IEEE TPAMI 30(2),
2008. The system of equations is the one that PyMatting's `estimate_alpha_cf` solves, but for the unknown pixels alone,
and it is solved by multigrid.
"""

import time
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

import numpy as np

from pipeline.errors import MattingFailed, NoSubject
from pipeline.matting import budget, multigrid, reference
from pipeline.matting.carry import carry_up
from pipeline.matting.equations import assembled
from pipeline.matting.full_size import settled
from pipeline.matting.pyramid import Float, Level, halved
from pipeline.report import MattingFacts, SolvedFacts
from pipeline.threads import usable
from pipeline.types import BACKGROUND, FOREGROUND, UNKNOWN, Matte, Picture, Trimap, check_same_size


class _Settings(NamedTuple):
    """octaves: how often the picture is halved before it is solved; more often while it has more than `largest` pixels.

    tolerance, most: the residual and the cycles at which `multigrid.solve` stops. must_reach: whether a solution that
    stopped by `most`, above the tolerance, is an error.
    """

    octaves: int
    largest: float
    tolerance: float
    most: int
    must_reach: bool


class _Method(NamedTuple):
    """solved: solves a Level; returns alpha, float32 (H, W), and facts of each solved system. cost: of that."""

    solved: Callable[[Level, Executor], tuple[Float, list[SolvedFacts]]]
    cost: budget.Cost


_MARGIN = 32
"""Pixels that are kept around the unknown ones, so that the coarse octaves contain known ones, too."""
_SMALLEST = 3
"""The side of the matting Laplacian's windows, in pixels."""


def solve(
    picture: Picture, trimap: Trimap, *, method: str = "fast", threads: int | None = None, deadline: float | None = None
) -> Matte:
    """The matte of `picture`: alpha float32 (H, W), 0..1, equal to the trimap where that is known.

    method: "exact" solves the system of the unknown pixels (equations 12 and 13 of the paper, epsilon 1e-7, windows of
    3x3) to a residual of 3e-7. "fast" solves it at half the picture's size, or at less if the picture is larger than 16
    megapixels, in two cycles, and carries the result up to full size; up to 4 megapixels then get two more cycles
    there. Time and memory of both grow with the number of unknown pixels, except for some bytes for each pixel of the
    box around them. "pymatting" calls PyMatting on that box, and takes time and memory for each of its pixels.
    threads: how many work in parallel, by default as many as there are CPUs; the result does not depend on it.
    deadline: seconds left.
    Raises OutOfTime or OutOfMemory before it begins if it could not finish, NoSubject if every pixel is unknown, and
    MattingFailed if the solver finds no usable solution.
    """
    check_same_size(picture.rgb, trimap.values)
    start = time.perf_counter()
    unknown = trimap.values == UNKNOWN
    count = int(np.count_nonzero(unknown))
    alpha, solved = _trivial(trimap, count), list[SolvedFacts]()
    if alpha is None:
        window = _window(unknown)
        budget.check(method, METHODS[method].cost, count, unknown[window].size, deadline)
        level = _at_least_3x3(
            Level(picture.rgb[window], unknown[window], np.asarray(trimap.values[window] == FOREGROUND))
        )
        with ThreadPoolExecutor(threads or usable()) as pool:
            part, solved = METHODS[method].solved(level, pool)
        alpha = (trimap.values == FOREGROUND).astype(np.float32)
        target = alpha[window]
        target[...] = part[: target.shape[0], : target.shape[1]]
    facts: MattingFacts = {
        "method": method,
        "unknown_share": round(count / unknown.size, 6),
        "solved": solved,
        "ms": round(1000 * (time.perf_counter() - start)),
    }
    return Matte(alpha, facts)


def _solved(method: _Settings, level: Level, pool: Executor) -> tuple[Float, list[SolvedFacts]]:
    levels = [level]
    while len(levels) <= method.octaves or levels[-1].unknown.size > method.largest:
        lower = halved(levels[-1])
        informed = lower.foreground.any() and not (lower.foreground | lower.unknown).all()
        if np.count_nonzero(levels[-1].unknown) <= multigrid.COARSEST or not informed:
            break
        levels.append(lower)
    equations, target = assembled(levels[-1], pool)
    octaves = multigrid.octaves_of(equations, pool)
    solution = multigrid.solve(octaves, target, tolerance=method.tolerance, most=method.most)
    if not np.isfinite(solution.residual) or (method.must_reach and solution.residual > method.tolerance):
        raise MattingFailed(
            f"Matting did not converge (residual {solution.residual:.1e}). This is a bug in Hairline; please report it "
            "with the image."
        )
    alpha = levels[-1].foreground.astype(np.float32)
    alpha[equations.rows, equations.cols] = np.clip(solution.x, 0, 1)
    solved = [_facts(levels[-1], solution)]
    for coarse, fine in zip(levels[:0:-1], levels[-2::-1], strict=True):
        if fine is level and level.unknown.size <= method.largest:
            alpha, solution = settled(coarse, alpha, octaves, level, pool)
            solved.append(_facts(level, solution))
        else:
            alpha = carry_up(coarse, alpha, fine, pool)
    return alpha, solved


def _facts(level: Level, solution: multigrid.Solution) -> SolvedFacts:
    height, width = level.unknown.shape
    return {
        "width": width,
        "height": height,
        "unknown": len(solution.x),
        "cycles": solution.cycles,
        "residual": float(f"{solution.residual:.1e}"),
    }


METHODS = {
    # One octave down, a window covers 6x6 pixels of the picture, and averages noise out. Compared with measured alpha,
    # that gives the better matte. Two cycles solve what is visible there; `full_size` adds what is finer than two
    # pixels.
    "fast": _Method(partial(_solved, _Settings(1, 4e6, 1e-7, 2, False)), budget.Cost(4e-6, 0.1e-6, 300, 40)),
    # To the accuracy of PyMatting, whose tolerance is 1e-7 by another measure.
    "exact": _Method(partial(_solved, _Settings(0, np.inf, 3e-7, 1000, True)), budget.Cost(40e-6, 0.2e-6, 700, 90)),
    "pymatting": _Method(reference.solved, budget.Cost(70e-6, 2.5e-6, 600, 550)),
}


def _trivial(trimap: Trimap, unknown: int) -> Float | None:
    """Alpha if there is nothing to solve, because no pixel is unknown or all known pixels agree; else None."""
    if unknown == trimap.values.size:
        raise NoSubject(
            "No pixel of this image is certain to be subject or background. Use a photo in which the subject stands "
            "out, or mark the subject's rectangle with roi."
        )
    if not (trimap.values == FOREGROUND).any():
        return np.zeros(trimap.values.shape, np.float32)
    if not (trimap.values == BACKGROUND).any():
        return np.ones(trimap.values.shape, np.float32)
    return (trimap.values == FOREGROUND).astype(np.float32) if unknown == 0 else None


def _window(unknown: np.ndarray) -> tuple[slice, slice]:
    rows, columns = np.flatnonzero(unknown.any(axis=1)), np.flatnonzero(unknown.any(axis=0))
    return (
        slice(max(0, rows[0] - _MARGIN), rows[-1] + _MARGIN + 1),
        slice(max(0, columns[0] - _MARGIN), columns[-1] + _MARGIN + 1),
    )


def _at_least_3x3(level: Level) -> Level:
    """The level, with its last row and column repeated until a window fits into it."""
    extra = [(0, max(0, _SMALLEST - side)) for side in level.unknown.shape]
    return (
        Level(
            np.pad(level.picture, [*extra, (0, 0)], mode="edge"),
            np.pad(level.unknown, extra, mode="edge"),
            np.pad(level.foreground, extra, mode="edge"),
        )
        if any(after for _, after in extra)
        else level
    )
