"""Picture -> ProbabilityMap: a small network says where the subject probably is.

The network sees the picture squeezed into its own square, so a subject that fills a quarter of the frame gets a quarter
of its pixels. Where a network's row has closer looks, it looks again at the subject's neighbourhood as the first look
found it, and `looks` chooses between the answers. Where the row says so, all of them see the picture with its contrast
stretched, by the same amount.
"""

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

# ONNX Runtime reports its use to Microsoft, under a number that it writes to the home folder when it is imported. Only
# this variable prevents that (https://github.com/microsoft/onnxruntime/blob/main/docs/Privacy.md): its function
# disable_telemetry_events comes too late, after the import. So it is set here, for every user of the library, and with
# putenv, so that os.environ stays as the caller has it.
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
"""Stretching takes a picture's range of values for at least this, of 255, or it would make a subject of mere noise."""


class Segmenter(Protocol):
    """Anything that can say where the subject probably is."""

    def segment(self, picture: Picture) -> ProbabilityMap:
        """The probability of foreground for each pixel of `picture`, with the row of the network that gave it."""
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
        # Threads that wait by spinning use processor time that is billed, or that other processes need.
        settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # The arena keeps one look's memory for the next, as new memory from the system costs a quarter of a look. Each
        # tensor comes from it singly and goes back when it was read for the last time: with buffers that are planned
        # ahead or kept for others of the same shape, a look holds twice as much.
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
        # The first of U2-Net's seven outputs is the fused one; asking for it alone skips the other six's resizing.
        self._output = self._session.get_outputs()[0].name
        if spec.name not in models.MODELS:
            self._try()

    def segment(self, picture: Picture) -> ProbabilityMap:
        """Look at the whole picture, then at each of the row's closer boxes, and keep the best answer.

        A first answer of next to no doubt stands, without another look.

        Returns values float32 (H, W) 0..1 exactly as far as the network went, never stretched to fill that range: on a
        picture of nothing they stay low. Outside of a closer look's box they are the first look's. Facts: "looks", how
        many the network took, "box", the part (left, top, width, height) that the answer comes from, and "rival".
        """
        height, width = picture.rgb.shape[:2]
        small = _squeezed(picture.rgb, self.spec)
        span = contrast(small, self.spec)
        first = Look(Box.whole(picture.rgb.shape), self._coarse(small, span))
        boxes = () if doubt(first.coarse) <= SURE else _boxes(first.coarse, self.spec.closer, (height, width))
        closer = [
            # A box as large as the picture has been looked at: the first answer competes in its place.
            first if box == first.box else Look(box, self._coarse(_squeezed(picture.rgb[box.slices], self.spec), span))
            for box in boxes
        ]
        chosen = looks.best(first, closer)
        box = chosen.box
        taken = 1 + sum(look is not first for look in closer)
        facts = SegmentFacts(looks=taken, box=box.described(), rival=round(looks.rival(first, chosen), 4))
        values = looks.laid_over(first, chosen)
        cell = math.sqrt(box.width * box.height) / self.spec.side
        return ProbabilityMap(values, cell, facts, self.spec)

    def _try(self) -> None:
        """Ask a network of your own for one answer. Raises ModelUnavailable if it is of another kind."""
        spec, side = self.spec, self.spec.side
        takes = self._session.get_inputs()
        ramp = np.tile(np.linspace(0, 255, side, dtype=np.float32)[:, None], (side, 1, 3))
        try:
            answer = self._answer(network_input(ramp, (0.0, 255.0), spec))
        except _CANNOT_RUN as error:
            raise ModelUnavailable(
                f"{spec.file} cannot be used with side {side}: a network must have one input, float32 (1, 3, {side}, "
                f"{side}), and it has {', '.join(f'{one.name} {one.type} {one.shape}' for one in takes)}. Correct "
                f"{spec.name}.json, or export the network again."
            ) from error
        if answer.shape != (side, side):
            raise ModelUnavailable(
                f"{spec.file} answers with an array of shape {answer.shape}, but must answer with one value for each "
                f"of {side} x {side} pixels. Correct side in {spec.name}.json, or export the network again."
            )
        if not spec.logits and not (answer.min() >= 0 and answer.max() <= 1):
            raise ModelUnavailable(
                f"{spec.file} answers with values from {answer.min():g} to {answer.max():g}, which are not "
                f"probabilities. Set logits to true in {spec.name}.json, or export the network with a sigmoid."
            )

    def _answer(self, seen: Float32) -> Float32:
        answer: Float32 = np.squeeze(self._session.run([self._output], {self._input: seen})[0]).astype(np.float32)
        return answer

    def _coarse(self, small: Float32, span: tuple[float, float]) -> Float32:
        """The network's own answer, float32 (side, side) 0..1."""
        answer = self._answer(network_input(small, span, self.spec))
        if self.spec.logits:
            answer = np.asarray(1 / (1 + np.exp(-answer)), np.float32)
        return np.asarray(np.clip(answer, 0.0, 1.0), np.float32)


def contrast(small: Float32, spec: ModelSpec) -> tuple[float, float]:
    """The values, 0..255, that the network is to see as black and as white. small: float32 (side, side, 3), 0..255.

    All channels go together, so that hues stay.
    """
    if spec.stretched is None:
        return 0.0, 255.0
    low, high = np.percentile(small, (spec.stretched, 100 - spec.stretched))
    lacking = max(0.0, LEAST_SPAN - (high - low)) / 2
    return float(low - lacking), float(high + lacking)


def network_input(small: Float32, span: tuple[float, float], spec: ModelSpec) -> Float32:
    """float32 (1, 3, side, side), stretched to `span` and normalised as the network was trained."""
    black, white = span
    seen = np.clip((small - np.float32(black)) / np.float32(white - black), 0, 1)
    mean, std = np.array(spec.mean, np.float32), np.array(spec.std, np.float32)
    return np.ascontiguousarray(((seen - mean) / std).transpose(2, 0, 1)[None])


def _squeezed(rgb: UInt8, spec: ModelSpec) -> Float32:
    """uint8 (H, W, 3) as float32 (side, side, 3), 0..255."""
    shrinks = min(rgb.shape[:2]) >= spec.side
    return (raster.averaged if shrinks else raster.bilinear)(rgb, (spec.side, spec.side)).astype(np.float32)


def _boxes(coarse: Float32, closer: Sequence[Closer], size: tuple[int, int]) -> list[Box]:
    """The boxes worth a look: around what `coarse` holds for the subject, without repeats."""
    return list(dict.fromkeys(box for look in closer if (box := _around(coarse, look, size)) is not None))


def _around(coarse: Float32, look: Closer, size: tuple[int, int]) -> Box | None:
    """The box of what is likelier than `look.above`, widened by its share of its own sides; None where nothing is."""
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
