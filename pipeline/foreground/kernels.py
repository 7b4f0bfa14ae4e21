"""Colours of subject and background in a window, by the multi-level method; compiled, see `pipeline.compiled`.

Germer, Uelwer, Conrad and Harmeling, "Fast Multi-Level Foreground Estimation", ICPR 2020, with the levels and sweeps of
PyMatting's `estimate_foreground_ml`. But from level to level only what lies near fractional pixels is solved.
"""

import numpy as np

from pipeline.compiled import compiled

REGULARISATION = np.float32(1e-5)
GRADIENT = np.float32(0.1)
"""How much neighbours' colours weigh: REGULARISATION, and GRADIENT times their difference in alpha. PyMatting's default
for the second, 1, lets the foreground follow steps of alpha rather than the data."""
SMALL, SMALL_SWEEPS, SWEEPS = 32, 10, 4
"""Sweeps of a level of at most SMALL pixels a side, and of a larger one."""
SURE = np.float32(0.9)
"""Alpha above which, and below one minus which, a colour counts for the means that the method begins with."""
REACH = 2.0
"""Pixels of a level around the fractional ones that are solved in it. More changes nothing: see bench/RESULTS.md."""
ONE, NOTHING = np.float32(1), np.float32(0)


@compiled("void(f4[:,:,::1], f4[:,::1], f4[:,::1], f4[:,:,::1], f4[:,:,::1])")
def estimate(picture, alpha, distance, front, back):
    """Set front and back, the colours of subject and background; all (H, W, 3) 0..1, at least two pixels long.

    alpha: (H, W) 0..1. distance: (H, W), pixels to the nearest fractional one; far from these the colours are rough.
    """
    height, width = alpha.shape
    coarse, fine = np.zeros((height, width, 6), np.float32), np.empty((height, width, 6), np.float32)
    subjects = backgrounds = 0
    for y in range(height):
        for x in range(width):
            if alpha[y, x] > SURE:
                subjects += 1
                for c in range(3):
                    coarse[0, 0, c] += picture[y, x, c]
            elif alpha[y, x] < ONE - SURE:
                backgrounds += 1
                for c in range(3):
                    coarse[0, 0, 3 + c] += picture[y, x, c]
    for c in range(3):
        coarse[0, 0, c] /= max(subjects, 1)
        coarse[0, 0, 3 + c] /= max(backgrounds, 1)
    opacity, seen = np.empty((height, width), np.float32), np.empty((height, width, 3), np.float32)
    rows, cols = np.empty(height * width, np.int32), np.empty(height * width, np.int32)
    rows_before = cols_before = 1
    levels = int(np.ceil(np.log2(max(height, width))))
    for level in range(levels + 1):
        h, w = round(height ** (level / levels)), round(width ** (level / levels))
        far = REACH * max(height / h, width / w)
        count = 0
        for y in range(h):
            at_y, from_y = y * height // h, y * rows_before // h
            for x in range(w):
                at_x, from_x = x * width // w, x * cols_before // w
                opacity[y, x] = alpha[at_y, at_x]
                seen[y, x] = picture[at_y, at_x]
                fine[y, x] = coarse[from_y, from_x]
                if distance[at_y, at_x] <= far:
                    rows[count], cols[count] = y, x
                    count += 1
        for _ in range(SMALL_SWEEPS if h <= SMALL and w <= SMALL else SWEEPS):
            for n in range(count):
                y, x = rows[n], cols[n]
                up, down, left, right = max(y - 1, 0), min(y + 1, h - 1), max(x - 1, 0), min(x + 1, w - 1)
                a = opacity[y, x]
                above = REGULARISATION + GRADIENT * abs(a - opacity[up, x])
                below = REGULARISATION + GRADIENT * abs(a - opacity[down, x])
                before = REGULARISATION + GRADIENT * abs(a - opacity[y, left])
                after = REGULARISATION + GRADIENT * abs(a - opacity[y, right])
                total = above + below + before + after
                own, both, other = a * a + total, a * (ONE - a), (ONE - a) * (ONE - a) + total
                scale = ONE / (own * other - both * both)
                for c in range(3):
                    f = a * seen[y, x, c] + above * fine[up, x, c] + below * fine[down, x, c]
                    f += before * fine[y, left, c] + after * fine[y, right, c]
                    b = (ONE - a) * seen[y, x, c] + above * fine[up, x, 3 + c] + below * fine[down, x, 3 + c]
                    b += before * fine[y, left, 3 + c] + after * fine[y, right, 3 + c]
                    fine[y, x, c] = max(NOTHING, min(ONE, scale * (other * f - both * b)))
                    fine[y, x, 3 + c] = max(NOTHING, min(ONE, scale * (own * b - both * f)))
        coarse, fine = fine, coarse
        rows_before, cols_before = h, w
    front[:] = coarse[:, :, :3]
    back[:] = coarse[:, :, 3:]
