"""Picture -> ProbabilityMap: where the subject probably is, as one model sees it, or the better of two."""

from pipeline.segment.escalate import open_model
from pipeline.segment.onnx import OnnxSegmenter, Segmenter

__all__ = ["OnnxSegmenter", "Segmenter", "open_model"]
