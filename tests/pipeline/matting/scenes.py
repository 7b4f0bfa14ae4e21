"""Pictures made of known colours and a known alpha, so that the right matte is known, too."""

import numpy as np

from pipeline.types import BACKGROUND, FOREGROUND, UNKNOWN, Picture, Trimap


def hairy_disc(height=120, width=160, seed=0):
    """A blue-green gradient behind an orange disc with soft and hairy edges: (Picture, Trimap, true alpha)."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width].astype(np.float64)
    centre, radius = (height / 2, width / 2), min(height, width) / 4
    angle, distance = np.arctan2(y - centre[0], x - centre[1]), np.hypot(y - centre[0], x - centre[1])
    hairs = radius * (0.12 * np.sin(23 * angle) + 0.05 * np.sin(61 * angle + 1))
    alpha = np.clip((radius + hairs - distance) / 3 + 0.5, 0, 1)
    front = np.stack([220 - x / 8, 120 + y / 9, 30 + x * 0], axis=-1)
    back = np.stack([20 + x * 0, 90 + x / 4, 180 - y / 3], axis=-1)
    colours = alpha[..., None] * front + (1 - alpha[..., None]) * back + rng.normal(0, 1, (height, width, 3))
    band = abs(distance - radius) < radius * 0.35
    values = np.where(band, UNKNOWN, np.where(distance < radius, FOREGROUND, BACKGROUND)).astype(np.uint8)
    return Picture(np.clip(np.rint(colours), 0, 255).astype(np.uint8)), Trimap(values), alpha


def known(values):
    """A Trimap of nested lists or an array of 0, 128 and 255."""
    return Trimap(np.asarray(values, np.uint8).copy())
