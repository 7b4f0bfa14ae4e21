"""Picture -> ProbabilityMap: where the subject probably is, as a neural network sees it.

The network's input is a small square, into which the picture is resized. A subject that fills a quarter of the picture
gets a quarter of the input's pixels. So if the model's spec lists closer looks, the network also runs on the part
around the subject that the first look found, and `looks` chooses between the maps. If the spec asks for it, the
contrast of all inputs is stretched, by the same amount.
"""

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

# ONNX Runtime reports its use to Microsoft, under an id that it writes to the home folder when it is imported. Only
# this variable prevents that (https://github.com/microsoft/onnxruntime/blob/main/docs/Privacy.md): the function
# disable_telemetry_events can be called only after the import, which is too late. It is set with putenv, so that the
# caller's os.environ does not change.
os.putenv("ORT_DISABLE_TELEMETRY", "1")
import onnxruntime as ort

from pipeline import models, raster
from pipeline.box import Box
from pipeline.doubt import SURE, doubt
from pipeline.errors import ModelUnavailable
from pipeline.models import Closer, ModelSpec
from pipeline.report import SegmentFacts
from pipeline.segment import looks
from pipeline.segment.looks import Look
from pipeline.threads import usable
from pipeline.types import Float32, Picture, ProbabilityMap, UInt8

_STATE = ort.capi.onnxruntime_pybind11_state
_CANNOT_LOAD: tuple[type[Exception], ...] = (
    _STATE.Fail,
    _STATE.InvalidProtobuf,
    _STATE.InvalidGraph,
    _STATE.NotImplemented,
    _STATE.InvalidArgument,
)
_CANNOT_RUN: tuple[type[Exception], ...] = (ValueError, _STATE.Fail, _STATE.InvalidArgument, _STATE.RuntimeException)

LEAST_SPAN = 16
"""The smallest range of values, of 255, that is stretched to black and white. A smaller one may be mere noise."""


class Segmenter(Protocol):
    """Anything that finds the subject in a picture."""

    def segment(self, picture: Picture) -> ProbabilityMap:
        """How likely each pixel of `picture` is to belong to the subject, and the spec of the model that was used."""
        ...


class OnnxSegmenter:
    """A model run by ONNX Runtime on the CPU. Safe to share between threads.

    threads: how many to run on; None for all CPUs that this process may use. The constructor raises ModelUnavailable if
    the weights are missing, have a wrong checksum or cannot be loaded.
    """

    def __init__(self, spec: ModelSpec, folder: Path, *, threads: int | None = None) -> None:
        self.spec = spec
        settings = ort.SessionOptions()
        settings.intra_op_num_threads = threads or usable()
        settings.inter_op_num_threads = 1
        # Threads that spin while they wait use processor time that is billed, or that other processes need.
        settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # The arena keeps one look's memory for the next, because new memory from the system costs a quarter of a look's
        # time. Each tensor is allocated alone, and freed after it was read for the last time: with buffers that are
        # planned ahead (mem_pattern) or shared between tensors (mem_reuse), a look needs twice as much memory.
        settings.enable_cpu_mem_arena = True
        settings.enable_mem_pattern = False
        settings.enable_mem_reuse = False
        settings.log_severity_level = 3
        weights = models.read_weights(spec, folder)
        try:
            self._session = ort.InferenceSession(weights, settings, providers=["CPUExecutionProvider"])
        except _CANNOT_LOAD as error:
            raise ModelUnavailable(
                f"{spec.file} has the right checksum, but ONNX Runtime cannot load it: {error}. Check which version of "
                "onnxruntime is installed."
            ) from error
        self._input = self._session.get_inputs()[0].name
        # U2-Net's first output of seven is the fused one. Asking for it alone saves the resizing of the other six.
        self._output = self._session.get_outputs()[0].name
        if spec.name not in models.MODELS:
            self._check()

    def segment(self, picture: Picture) -> ProbabilityMap:
        """Look at the whole picture, then at each closer box of the spec, and keep the best look.

        If the first look is almost without doubt, it is the only one.

        Returns values float32 (H, W), 0..1, as the network gives them and not stretched to fill that range, so they
        stay low if there is no subject. Outside a closer look's box they are those of the first look. Facts: "looks",
        how many were taken; "box", the part (left, top, width, height) that the chosen look saw; "rival", see
        `looks.rival`.
        """
        height, width = picture.rgb.shape[:2]
        small = _resized(picture.rgb, self.spec)
        span = contrast(small, self.spec)
        first = Look(Box.whole(picture.rgb.shape), self._coarse(small, span))
        boxes = () if doubt(first.coarse) <= SURE else _boxes(first.coarse, self.spec.closer, (height, width))
        closer = [
            # A box as large as the picture would be the first look again, so that takes its place.
            first if box == first.box else Look(box, self._coarse(_resized(picture.rgb[box.slices], self.spec), span))
            for box in boxes
        ]
        chosen = looks.best(first, closer)
        box = chosen.box
        taken = 1 + sum(look is not first for look in closer)
        facts = SegmentFacts(looks=taken, box=box.described(), rival=round(looks.rival(first, chosen), 4))
        values = looks.overlaid(first, chosen)
        cell = math.sqrt(box.width * box.height) / self.spec.side
        return ProbabilityMap(values, cell, facts, self.spec)

    def _check(self) -> None:
        """Run a model of your own once. Raises ModelUnavailable if its input or output is not of the expected kind."""
        spec, side = self.spec, self.spec.side
        inputs = self._session.get_inputs()
        ramp = np.tile(np.linspace(0, 255, side, dtype=np.float32)[:, None], (side, 1, 3))
        try:
            output = self._run(network_input(ramp, (0.0, 255.0), spec))
        except _CANNOT_RUN as error:
            raise ModelUnavailable(
                f"{spec.file} cannot be used with side {side}: a network must have one input, float32 (1, 3, {side}, "
                f"{side}), and it has {', '.join(f'{one.name} {one.type} {one.shape}' for one in inputs)}. Correct "
                f"{spec.name}.json, or export the network again."
            ) from error
        if output.shape != (side, side):
            raise ModelUnavailable(
                f"{spec.file} answers with an array of shape {output.shape}, but must answer with one value for each "
                f"of {side} x {side} pixels. Correct side in {spec.name}.json, or export the network again."
            )
        if not spec.logits and not (output.min() >= 0 and output.max() <= 1):
            raise ModelUnavailable(
                f"{spec.file} answers with values from {output.min():g} to {output.max():g}, which are not "
                f"probabilities. Set logits to true in {spec.name}.json, or export the network with a sigmoid."
            )

    def _run(self, tensor: Float32) -> Float32:
        output: Float32 = np.squeeze(self._session.run([self._output], {self._input: tensor})[0]).astype(np.float32)
        return output

    def _coarse(self, small: Float32, span: tuple[float, float]) -> Float32:
        """The network's probabilities, float32 (side, side), 0..1."""
        output = self._run(network_input(small, span, self.spec))
        if self.spec.logits:
            output = np.asarray(1 / (1 + np.exp(-output)), np.float32)
        return np.asarray(np.clip(output, 0.0, 1.0), np.float32)


def contrast(small: Float32, spec: ModelSpec) -> tuple[float, float]:
    """The values, 0..255, that become black and white in the network's input. small: float32 (side, side, 3), 0..255.

    All channels are stretched by the same amount, so that hues do not change.
    """
    if spec.stretched is None:
        return 0.0, 255.0
    low, high = np.percentile(small, (spec.stretched, 100 - spec.stretched))
    padding = max(0.0, LEAST_SPAN - (high - low)) / 2
    return float(low - padding), float(high + padding)


def network_input(small: Float32, span: tuple[float, float], spec: ModelSpec) -> Float32:
    """float32 (1, 3, side, side), stretched to `span` and normalised as the network was trained."""
    black, white = span
    scaled = np.clip((small - np.float32(black)) / np.float32(white - black), 0, 1)
    mean, std = np.array(spec.mean, np.float32), np.array(spec.std, np.float32)
    return np.ascontiguousarray(((scaled - mean) / std).transpose(2, 0, 1)[None])


def _resized(rgb: UInt8, spec: ModelSpec) -> Float32:
    """uint8 (H, W, 3) as float32 (side, side, 3), 0..255."""
    shrinks = min(rgb.shape[:2]) >= spec.side
    return (raster.averaged if shrinks else raster.bilinear)(rgb, (spec.side, spec.side)).astype(np.float32)


def _boxes(coarse: Float32, closer: Sequence[Closer], size: tuple[int, int]) -> list[Box]:
    """The boxes of the closer looks, around the subject in `coarse`, without repeats."""
    return list(dict.fromkeys(box for look in closer if (box := _around(coarse, look, size)) is not None))


def _around(coarse: Float32, look: Closer, size: tuple[int, int]) -> Box | None:
    """The box around the pixels above `look.above`, widened by `look.widened`; None if there are none."""
    likely = coarse > look.above
    spans = []
    for axis, whole in ((1, size[0]), (0, size[1])):
        there = np.flatnonzero(likely.any(axis=axis))
        if not len(there):
            return None
        scale = whole / coarse.shape[1 - axis]
        first, last = there[0] * scale, (there[-1] + 1) * scale
        room = look.widened * (last - first)
        spans.append((max(0, int(first - room)), min(whole, int(np.ceil(last + room)))))
    (top, bottom), (left, right) = spans
    return Box.between(left, top, right, bottom)
