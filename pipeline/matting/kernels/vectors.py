"""What is done to vectors, all of them grids: products with matrices, sweeps, and sums."""

from pipeline.compiled import compiled
from pipeline.matting.kernels import PAD


@compiled("void(f8[:,::1], i8, i4[::1], i4[::1], i8, i8, f8[:,::1], f8[:,::1], f8[:,::1])")
def residual(values, reach, rows, cols, first, last, target, x, left):
    """Set left = target - A x."""
    side = 2 * reach + 1
    for t in range(first, last):
        total = target[rows[t] + PAD, cols[t] + PAD]
        for dy in range(side):
            line = x[rows[t] + dy + PAD - reach, cols[t] + PAD - reach :]
            part = 0.0  # of its own, so that the processor can add up several lines at once
            if side == 5:  # a loop of known length is faster, and the finest octave is most of the work
                for dx in range(5):
                    part += values[t, dy * 5 + dx] * line[dx]
            else:
                for dx in range(side):
                    part += values[t, dy * side + dx] * line[dx]
            total -= part
        left[rows[t] + PAD, cols[t] + PAD] = total


@compiled("void(f8[:,::1], i8, i4[::1], i4[::1], i8, i8, f8[:,::1], f8[:,::1], f8[:,::1], b1)")
def sweep(values, reach, rows, cols, first, last, target, x, swept, forward):
    """One step of Gauss and Seidel from `x` to `swept`, pixel after pixel, or backward.

    What lies outside of this part of the list keeps its value of `x`, so parts do not see one another's work.
    """
    side, middle = 2 * reach + 1, (2 * reach + 1) * reach + reach
    top = rows[first]
    local = x[top + PAD - reach : rows[last - 1] + PAD + reach + 1].copy()
    for k in range(last - first):
        t = first + k if forward else last - 1 - k
        total, inverse = target[rows[t] + PAD, cols[t] + PAD], 1 / values[t, middle]
        for dy in range(side):
            line = local[rows[t] - top + dy, cols[t] + PAD - reach :]
            part = 0.0
            if side == 5:
                for dx in range(5):
                    part += values[t, dy * 5 + dx] * line[dx]
            else:
                for dx in range(side):
                    part += values[t, dy * side + dx] * line[dx]
            total -= part
        local[rows[t] - top + reach, cols[t] + PAD] += total * inverse
    for t in range(first, last):
        swept[rows[t] + PAD, cols[t] + PAD] = local[rows[t] - top + reach, cols[t] + PAD]


@compiled("void(f8[:,::1], i4[:,::1], i4[::1], i4[::1], i8, i8, f8[:,::1], f8[:,::1])")
def restrict(weights, index, rows, cols, first, last, fine, coarse):
    """Set coarse = P' fine; rows, cols: coarse."""
    height, width = index.shape
    for t in range(first, last):
        total = 0.0
        for py in range(-1, 2):
            for px in range(-1, 2):
                for y in range(max(2 * (rows[t] + py), 0), min(2 * (rows[t] + py) + 2, height)):
                    for x in range(max(2 * (cols[t] + px), 0), min(2 * (cols[t] + px) + 2, width)):
                        if index[y, x] >= 0:
                            total += weights[index[y, x], (1 - py) * 3 + 1 - px] * fine[y + PAD, x + PAD]
        coarse[rows[t] + PAD, cols[t] + PAD] = total


@compiled("void(f8[:,::1], i4[::1], i4[::1], i8, i8, f8[:,::1], i8, f8[:,::1])")
def carry(weights, rows, cols, first, last, coarse, top, fine):
    """Add P coarse to fine, the grid of the picture from line `top` on."""
    for t in range(first, last):
        total = 0.0
        for o in range(9):
            total += weights[t, o] * coarse[rows[t] // 2 + o // 3 - 1 + PAD, cols[t] // 2 + o % 3 - 1 + PAD]
        fine[rows[t] - top + PAD, cols[t] + PAD] += total


@compiled("f8(i4[::1], i4[::1], i8, i8, f8[:,::1], f8[:,::1])")
def dot(rows, cols, first, last, left, right):
    """The sum of left * right."""
    total = 0.0
    for t in range(first, last):
        total += left[rows[t] + PAD, cols[t] + PAD] * right[rows[t] + PAD, cols[t] + PAD]
    return total


@compiled("void(i4[::1], i4[::1], i8, i8, f8, f8[:,::1], f8, f8[:,::1])")
def combine(rows, cols, first, last, keep, into, factor, other):
    """Set into = keep * into + factor * other."""
    for t in range(first, last):
        y, x = rows[t] + PAD, cols[t] + PAD
        into[y, x] = keep * into[y, x] + factor * other[y, x]
