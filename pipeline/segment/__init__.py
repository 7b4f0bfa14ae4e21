"""Picture -> ProbabilityMap: where the subject probably is, by a network or by two."""

from pipeline.segment.escalate import open_model
from pipeline.segment.onnx import OnnxSegmenter, Segmenter

__all__ = ["OnnxSegmenter", "Segmenter", "open_model"]
