"""Picture, Trimap -> Matte: alpha of the unknown pixels by closed-form matting.

Levin, Lischinski and Weiss, "A Closed-Form Solution to Natural Image Matting", IEEE TPAMI 30(2), 2008, with the
matting Laplacian of PyMatting.
"""

import time
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any

import numpy as np

from pipeline.errors import NoSubject
from pipeline.matting import budget, exact, fast
from pipeline.matting.laplacian import Float
from pipeline.matting.pyramid import Level
from pipeline.stages import BACKGROUND, FOREGROUND, UNKNOWN, Matte, Picture, Trimap, check_same_size
from pipeline.threads import usable

_METHODS: dict[str, Callable[[Level, Executor], tuple[Float, list[dict[str, Any]]]]] = {
    "fast": fast.solve,
    "exact": exact.solve,
}
_MARGIN = 32
"""Pixels kept around the unknown ones, so that the coarse octaves see the known ones as well."""
_SMALLEST = 3
"""Pixels, the side of the matting Laplacian's windows."""


def solve(
    picture: Picture, trimap: Trimap, *, method: str = "fast", threads: int | None = None, deadline: float | None = None
) -> Matte:
    """The matte of `picture`: alpha float32 (H, W), 0..1, equal to the trimap where that is known.

    method: "exact" solves the very system of the unknown pixels (equations 12 and 13 of the paper, epsilon 1e-7,
    windows of 3x3), in time and memory between n and n ** 1.5 of the n unknown ones. "fast" solves it from coarse to
    fine in time and memory of n; see `pipeline.matting.fast`.
    threads: how many work side by side, by default as many as there are processors; without influence on the result.
    deadline: seconds that are left.
    Raises OutOfTime or OutOfMemory before it begins if it could not finish, NoSubject where nothing is known,
    MattingFailed if the solver gives no usable answer.
    """
    check_same_size(picture.rgb, trimap.values)
    start = time.perf_counter()
    unknown = trimap.values == UNKNOWN
    count = int(np.count_nonzero(unknown))
    alpha, solved = _by_hand(trimap, count), list[dict[str, Any]]()
    if alpha is None:
        window = _window(unknown)
        budget.check(method, count, unknown[window].size, deadline)
        level = _at_least_3x3(
            Level(picture.rgb[window], unknown[window], np.asarray(trimap.values[window] == FOREGROUND))
        )
        with ThreadPoolExecutor(threads or usable()) as pool:
            part, solved = _METHODS[method](level, pool)
        alpha = (trimap.values == FOREGROUND).astype(np.float32)
        target = alpha[window]
        target[...] = part[: target.shape[0], : target.shape[1]]
    facts = {
        "method": method,
        "unknown_share": round(count / unknown.size, 6),
        "solved": solved,
        "ms": round(1000 * (time.perf_counter() - start)),
    }
    return Matte(alpha, facts)


def _by_hand(trimap: Trimap, unknown: int) -> Float | None:
    """The alpha where no system is needed: nothing is unknown, or nothing known contradicts one value for all."""
    if unknown == trimap.values.size:
        raise NoSubject(
            "Not one pixel of this picture is certain to be subject or background. Take a picture in which the "
            "subject stands out, or send a trimap that marks some of both."
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
    """With the last row and column repeated until a window fits in: a line of pixels has a matte, too."""
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
