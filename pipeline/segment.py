"""Picture -> ProbabilityMap: a small network says where the subject probably is."""

from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import onnxruntime as ort

from pipeline import models
from pipeline.errors import ModelUnavailable
from pipeline.models import ModelSpec
from pipeline.stages import Float32, Picture, ProbabilityMap
from pipeline.threads import usable


class Segmenter(Protocol):
    """Anything that can say where the subject probably is."""

    @property
    def spec(self) -> ModelSpec:
        """The network's row, for the report."""
        ...

    def segment(self, picture: Picture) -> ProbabilityMap:
        """The probability of foreground for each pixel of `picture`."""
        ...


class OnnxSegmenter:
    """A network of the table, run by ONNX Runtime on the CPU. Safe to share between threads.

    Raises ModelUnavailable when made, where the weights are missing, are not the ones that the table names, or cannot
    be loaded. threads: how many to run on; None takes the CPUs that this process may use.
    """

    def __init__(self, spec: ModelSpec, folder: Path, *, threads: int | None = None) -> None:
        self.spec = spec
        settings = ort.SessionOptions()
        settings.intra_op_num_threads = threads or usable()
        settings.inter_op_num_threads = 1
        # The arena never gives memory back; a picture of another size would keep both sizes' worth for good.
        settings.enable_cpu_mem_arena = False
        settings.log_severity_level = 3
        weights = models.read_weights(spec, folder)
        try:
            self._session = ort.InferenceSession(weights, settings, providers=["CPUExecutionProvider"])
        except ort.capi.onnxruntime_pybind11_state.Fail as error:
            raise ModelUnavailable(f"{spec.file} cannot be loaded: {error}") from error
        self._input = self._session.get_inputs()[0].name
        # The first of U2-Net's seven outputs is the fused one; asking for it alone skips the other six's resizing.
        self._output = self._session.get_outputs()[0].name

    def segment(self, picture: Picture) -> ProbabilityMap:
        """The network sees the whole picture squeezed into its square; the answer is stretched back.

        Returns values float32 (H, W) 0..1 exactly as far as the network went, never stretched to fill that range: on a
        picture of nothing they stay low.
        """
        height, width = picture.rgb.shape[:2]
        seen = self._session.run([self._output], {self._input: network_input(picture, self.spec)})[0]
        coarse = np.clip(np.squeeze(seen).astype(np.float32), 0.0, 1.0)
        values = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
        return ProbabilityMap(values, cell=max(width, height) / self.spec.side)


def network_input(picture: Picture, spec: ModelSpec) -> Float32:
    """float32 (1, 3, side, side), normalised as the network was trained."""
    size = (spec.side, spec.side)
    shrinks = min(picture.rgb.shape[:2]) >= spec.side
    small = cv2.resize(picture.rgb, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    mean, std = np.array(spec.mean, np.float32), np.array(spec.std, np.float32)
    scaled = (small.astype(np.float32) / np.float32(255) - mean) / std
    return np.ascontiguousarray(scaled.transpose(2, 0, 1)[None])
