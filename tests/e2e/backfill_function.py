"""BackfillFunction with a stand-in network: the middle of the image is the subject. Two colours stand for faults."""

import os

import numpy as np

from handler.backfill import app, wiring
from pipeline.types import ProbabilityMap

EMPTY, DEADLY = (0, 0, 255), (255, 0, 0)
"""Images of these colours have no subject, or kill their container."""


class Middle:
    def __init__(self, spec):
        self.spec = spec

    def segment(self, picture):
        colour = tuple(int(value) for value in picture.rgb[0, 0])
        if colour == DEADLY:
            os.kill(os.getpid(), 9)
        values = np.zeros(picture.rgb.shape[:2], np.float32)
        if colour != EMPTY:
            height, width = values.shape
            values[height // 4 : -height // 4, width // 4 : -width // 4] = 1
        return ProbabilityMap(values, 1.0, {"looks": 1}, self.spec)


def _stand_in(model, *_, **__):
    return Middle(model)


vars(wiring)["open_model"] = _stand_in
on_batch = app.on_batch
