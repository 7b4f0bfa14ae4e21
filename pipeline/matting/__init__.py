"""Picture, Trimap -> Matte: alpha of the unknown pixels by closed-form matting.

Levin, Lischinski and Weiss, "A Closed-Form Solution to Natural Image Matting", IEEE TPAMI 30(2), 2008.
"""

import time

import numpy as np
from pymatting import cf_laplacian, cg, ichol

from pipeline.errors import MattingFailed
from pipeline.stages import FOREGROUND, UNKNOWN, Matte, Picture, Trimap, check_same_size


def solve(
    picture: Picture, trimap: Trimap, *, method: str = "fast", threads: int | None = None, deadline: float | None = None
) -> Matte:
    """The matte of `picture`: alpha float32 (H, W), equal to the trimap where that is known."""
    check_same_size(picture.rgb, trimap.values)
    start = time.perf_counter()
    alpha = (trimap.values == FOREGROUND).astype(np.float32)
    unknown = trimap.values == UNKNOWN
    if unknown.any():
        rows, columns = np.flatnonzero(unknown.any(axis=1)), np.flatnonzero(unknown.any(axis=0))
        window = np.s_[max(0, rows[0] - 2) : rows[-1] + 3, max(0, columns[0] - 2) : columns[-1] + 3]
        hidden = unknown[window].reshape(-1)
        laplacian = cf_laplacian(picture.rgb[window] / 255, is_known=~hidden)
        system, rest = laplacian[hidden][:, hidden], laplacian[hidden][:, ~hidden]
        target = -rest.dot(alpha[window].reshape(-1)[~hidden].astype(np.float64))
        try:
            solved = cg(system, target, M=ichol(system.tocsc(), max_nnz=16 * system.nnz), rtol=1e-7)
        except ValueError as error:
            raise MattingFailed(str(error)) from error
        alpha[unknown] = np.clip(solved, 0, 1)
    ms = 1000 * (time.perf_counter() - start)
    return Matte(alpha, {"method": method, "unknown_share": float(unknown.mean()), "ms": round(ms)})
