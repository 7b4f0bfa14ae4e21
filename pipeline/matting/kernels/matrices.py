"""The rows of matrices: the matting Laplacian's, and what becomes of them an octave down."""

import numpy as np

from pipeline.compiled import compiled

EPSILON = 1e-7
"""The paper's regularisation of a window's colours, and PyMatting's value for it; colours are 0..1."""
SMOOTH = 1e-5
"""The same when a model is carried to a finer picture: larger, as a coarse window's colours lie less well on a line."""


@compiled("void(f4[:,:,::1], b1[:,::1], f4[:,::1], i4[::1], i4[::1], i8, i8, f8[:,::1], f8[::1])")
def laplacian_rows(picture, unknown, alpha, rows, cols, first, last, values, target):
    """The matting Laplacian's rows (reach 2) and the right-hand side -L_UK alpha_K.

    Levin, Lischinski and Weiss 2008, equation 12: over all 3x3 windows w that hold both i and j, the sum of
    delta_ij - (1 + (I_i - mu_w)' (cov_w + epsilon / 9)^-1 (I_j - mu_w)) / 9. picture: 0..255.
    """
    height, width = unknown.shape
    # Which windows are needed, and of each the mean and the factors of the covariance.
    top, bottom = max(rows[first] - 1, 1), min(rows[last - 1] + 2, height - 1)
    needed = np.zeros((bottom - top, width), np.bool_)
    for t in range(first, last):
        for y in range(max(rows[t] - 1, 1), min(rows[t] + 2, height - 1)):
            for x in range(max(cols[t] - 1, 1), min(cols[t] + 2, width - 1)):
                needed[y - top, x] = True
    windows = np.empty((bottom - top, width, 9))
    for y in range(top, bottom):
        for x in range(1, width - 1):
            if not needed[y - top, x]:
                continue
            window = windows[y - top, x]
            m0 = m1 = m2 = 0.0
            for dy in range(-1, 2):
                for dx in range(-1, 2):
                    m0 += picture[y + dy, x + dx, 0]
                    m1 += picture[y + dy, x + dx, 1]
                    m2 += picture[y + dy, x + dx, 2]
            m0, m1, m2 = m0 / 9, m1 / 9, m2 / 9
            xx = yy = zz = 255.0 * 255.0 * EPSILON
            xy = xz = yz = 0.0
            for dy in range(-1, 2):
                for dx in range(-1, 2):
                    r = picture[y + dy, x + dx, 0] - m0
                    g = picture[y + dy, x + dx, 1] - m1
                    b = picture[y + dy, x + dx, 2] - m2
                    xx += r * r
                    yy += g * g
                    zz += b * b
                    xy += r * g
                    xz += r * b
                    yz += g * b
            # Factors L D L' of nine times the covariance. Its inverse by cofactors loses all but four digits where a
            # window is grey and has contrast: there the covariance is nearly of rank one.
            l1, l2 = xy / xx, xz / xx
            d2 = yy - l1 * xy
            l3 = (yz - l1 * xz) / d2
            d3 = zz - l2 * xz - l3 * l3 * d2
            window[0], window[1], window[2] = m0, m1, m2
            window[3], window[4], window[5] = l1, l2, l3
            window[6], window[7], window[8] = 1 / xx, 1 / d2, 1 / d3
    for t in range(first, last):
        row = values[t]
        row[:] = 0.0
        count = 0
        for y in range(max(rows[t] - 1, 1), min(rows[t] + 2, height - 1)):
            for x in range(max(cols[t] - 1, 1), min(cols[t] + 2, width - 1)):
                window = windows[y - top, x]
                r = picture[rows[t], cols[t], 0] - window[0]
                g = picture[rows[t], cols[t], 1] - window[1]
                b = picture[rows[t], cols[t], 2] - window[2]
                g -= window[3] * r
                w = (b - window[4] * r - window[5] * g) * window[8]
                v = g * window[7] - window[5] * w
                u = r * window[6] - window[3] * v - window[4] * w
                corner = (y - rows[t] + 1) * 5 + x - cols[t] + 1
                constant = 1 / 9 - u * window[0] - v * window[1] - w * window[2]
                for dy in range(3):
                    for dx in range(3):
                        colour = picture[y + dy - 1, x + dx - 1]
                        row[corner + dy * 5 + dx] -= constant + u * colour[0] + v * colour[1] + w * colour[2]
                count += 1
        row[12] += count
        known = 0.0
        for dy in range(5):
            for dx in range(5):
                y, x = rows[t] + dy - 2, cols[t] + dx - 2
                if y < 0 or y >= height or x < 0 or x >= width:
                    row[dy * 5 + dx] = 0.0
                elif not unknown[y, x]:
                    known += row[dy * 5 + dx] * alpha[y, x]
                    row[dy * 5 + dx] = 0.0
        target[t] = -known


@compiled("void(f4[:,:,::1], i8, i4[::1], i4[::1], i8, i8, f4[:,:,::1], i4[:,::1], f8[:,::1])")
def carrying_weights(picture, top, rows, cols, first, last, coarse, coarse_index, weights):
    """How alpha comes from the octave below: weights, float64 (n, 9), of the 3x3 coarse pixels around a pixel's parent.

    picture: the finer one from line `top` on; both 0..255.

    They evaluate, at the pixel's own colour, the linear model alpha = a . I + b (the paper's equation 2) that fits
    alpha best over those nine. Pixels that are known on the coarse level get no weight.
    """
    height, width = coarse_index.shape
    d = np.empty((9, 3))
    parent_y = parent_x = -1  # of which d and the rest below are; the next pixel of a line often has the same parent
    m0 = m1 = m2 = cxx = cxy = cxz = xx = yy = zz = xy = xz = yz = scale = 0.0
    for t in range(first, last):
        y, x = rows[t] // 2, cols[t] // 2
        if y != parent_y or x != parent_x:
            parent_y, parent_x = y, x
            m0 = m1 = m2 = 0.0
            for o in range(9):
                d[o] = coarse[min(max(y + o // 3 - 1, 0), height - 1), min(max(x + o % 3 - 1, 0), width - 1)]
                m0 += d[o, 0]
                m1 += d[o, 1]
                m2 += d[o, 2]
            m0, m1, m2 = m0 / 9, m1 / 9, m2 / 9
            xx = yy = zz = 9 * 255.0 * 255.0 * SMOOTH
            xy = xz = yz = 0.0
            for o in range(9):
                r, g, b = d[o, 0] - m0, d[o, 1] - m1, d[o, 2] - m2
                d[o, 0], d[o, 1], d[o, 2] = r, g, b
                xx += r * r
                yy += g * g
                zz += b * b
                xy += r * g
                xz += r * b
                yz += g * b
            cxx, cxy, cxz = yy * zz - yz * yz, xz * yz - xy * zz, xy * yz - xz * yy
            scale = 1 / (xx * cxx + xy * cxy + xz * cxz)
        colour = picture[rows[t] - top, cols[t]]
        r, g, b = colour[0] - m0, colour[1] - m1, colour[2] - m2
        u = (cxx * r + cxy * g + cxz * b) * scale
        v = (cxy * r + (xx * zz - xz * xz) * g + (xy * xz - xx * yz) * b) * scale
        w = (cxz * r + (xy * xz - xx * yz) * g + (xx * yy - xy * xy) * b) * scale
        weights[t] = 0.0
        for o in range(9):
            cy, cx = min(max(y + o // 3 - 1, 0), height - 1), min(max(x + o % 3 - 1, 0), width - 1)
            if coarse_index[cy, cx] >= 0:
                weights[t, (cy - y + 1) * 3 + cx - x + 1] += 1 / 9 + u * d[o, 0] + v * d[o, 1] + w * d[o, 2]


@compiled("void(f8[:,::1], i8, i4[::1], i4[::1], i4[:,::1], f8[:,::1], i8, i8, f8[:,::1], i8)")
def carried_rows(values, reach, rows, cols, index, weights, first, last, product, product_reach):
    """A P: row i over the coarse pixels within `product_reach` of i's parent; P's rows are `weights`.

    product: (n, (2 * product_reach + 1) * (2 * product_reach + 3)), with two zeros after each line for `galerkin_rows`.
    """
    side, wide = 2 * reach + 1, 2 * product_reach + 3
    for t in range(first, last):
        product[t] = 0.0
        for dy in range(side):
            y = rows[t] + dy - reach
            for dx in range(side):
                entry = values[t, dy * side + dx]
                if entry == 0.0:
                    continue
                x = cols[t] + dx - reach
                neighbour = index[y, x]
                down, right = y // 2 - rows[t] // 2, x // 2 - cols[t] // 2
                corner = (down - 1 + product_reach) * wide + right - 1 + product_reach
                for oy in range(3):
                    for ox in range(3):
                        product[t, corner + oy * wide + ox] += entry * weights[neighbour, oy * 3 + ox]


@compiled("void(f8[:,::1], i8, i4[:,::1], f8[:,::1], i4[::1], i4[::1], i8, i8, f8[:,::1])")
def galerkin_rows(product, product_reach, index, weights, rows, cols, first, last, values):
    """P' (A P), of which product holds A P: rows of the coarse matrix, whose reach is one more; rows, cols: coarse."""
    height, width = index.shape
    side = 2 * product_reach + 3
    length = product.shape[1] - 2
    for t in range(first, last):
        values[t] = 0.0
        for py in range(-1, 2):
            for px in range(-1, 2):
                own = (1 - py) * 3 + 1 - px
                corner = (py + 1) * side + px + 1
                for y in range(max(2 * (rows[t] + py), 0), min(2 * (rows[t] + py) + 2, height)):
                    for x in range(max(2 * (cols[t] + px), 0), min(2 * (cols[t] + px) + 2, width)):
                        i = index[y, x]
                        if i < 0 or weights[i, own] == 0.0:
                            continue
                        weight = weights[i, own]
                        for k in range(length):
                            values[t, corner + k] += weight * product[i, k]
