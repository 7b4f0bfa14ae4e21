"""Measures of how far a matte is from the truth: Rhemann et al., "A Perceptually Motivated Online Benchmark for
Image Matting", CVPR 2009, and the overlap of the subjects.
"""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]

SIGMA = 1.4
"""Standard deviation of the Gaussian in the gradient error, in pixels."""


class Scores(NamedTuple):
    """Smaller is better, except for IoU.

    mae, mse: mean absolute and squared difference x 1000. sad: sum of absolute differences / 1000.
    grad: sum of squared differences of the gradient magnitudes / 1000.
    iou: the subjects' overlap where alpha > 0.5 is the subject, 0..1.
    """

    mae: float
    mse: float
    sad: float
    grad: float
    iou: float


def score(alpha: Float32, truth: Float32, region: NDArray[np.bool_]) -> Scores:
    """Compare alpha with truth, both float32 (H, W), 0..1, within `region`, bool (H, W), which must not be empty."""
    # Differences are summed in float32, as in the benchmark that published the figures.
    difference = np.abs(alpha - truth)[region]
    slopes = ((gradient(alpha) - gradient(truth)) ** 2)[region]
    ours, theirs = (alpha > 0.5) & region, (truth > 0.5) & region
    return Scores(
        mae=float(difference.mean()) * 1000,
        mse=float((difference**2).mean()) * 1000,
        sad=float(difference.sum()) / 1000,
        grad=float(slopes.sum()) / 1000,
        iou=int((ours & theirs).sum()) / max(1, int((ours | theirs).sum())),
    )


def gradient(alpha: Float32) -> Float32:
    """The magnitude of alpha's gradient, float32 (H, W), by derivatives of a Gaussian, truncated at 3 sigma."""
    reach = int(np.ceil(3 * SIGMA))
    x = np.arange(-reach, reach + 1)
    smooth = np.exp(-(x**2) / (2 * SIGMA**2))
    smooth /= smooth.sum()
    slope = -x * smooth / SIGMA**2
    across = cv2.sepFilter2D(alpha, cv2.CV_32F, slope, smooth)
    down = cv2.sepFilter2D(alpha, cv2.CV_32F, smooth, slope)
    length: Float32 = np.hypot(across, down)
    return length
