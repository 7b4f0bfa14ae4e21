"""Which of two models is used. All tests but the last two have fake models with given probabilities."""

import shutil

import numpy as np
import pytest

from pipeline.doubt import doubt
from pipeline.errors import ModelUnavailable
from pipeline.models import MODELS, named
from pipeline.models.choice import Folder, chosen
from pipeline.options import Options
from pipeline.run import cut_out
from pipeline.segment import OnnxSegmenter
from pipeline.segment.escalate import UNSURE, EscalatingSegmenter, open_model
from pipeline.types import Picture, ProbabilityMap

PICTURE = Picture(np.full((200, 240, 3), 90, np.uint8))


class FakeSegmenter:
    """Finds a disc, with the probability `inside`. calls: how often it ran."""

    def __init__(self, name, inside, outside=0.0):
        self.spec, self.levels, self.calls = MODELS[name], (outside, inside), 0

    def segment(self, picture):
        self.calls += 1
        height, width = picture.rgb.shape[:2]
        rows, columns = np.mgrid[0:height, 0:width]
        disc = np.hypot(rows - height / 2, columns - width / 2) < min(height, width) / 4
        values = np.where(disc, self.levels[1], self.levels[0]).astype(np.float32)
        return ProbabilityMap(values, 1.0, {"looks": 1}, self.spec)


def _pair(first, stronger):
    """The two as one, and a list of the stronger models that it has opened."""
    opened = []

    def open_stronger():
        opened.append(stronger)
        return stronger

    return EscalatingSegmenter(first, open_stronger), opened


def test_the_stronger_model_is_not_opened_if_the_first_is_sure():
    both, opened = _pair(first := FakeSegmenter("u2netp", 0.99), FakeSegmenter("isnet", 1.0))
    answer = both.segment(PICTURE)
    assert (answer.spec, dict(answer.facts), opened) == (first.spec, {"looks": 1, "networks": 1}, [])


def test_the_stronger_model_is_opened_once_for_all_unsure_pictures():
    both, opened = _pair(FakeSegmenter("u2netp", 0.7), stronger := FakeSegmenter("isnet", 0.99))
    for _ in range(2):
        answer = both.segment(PICTURE)
        assert (answer.spec, answer.values.max(), answer.facts["networks"]) == (stronger.spec, np.float32(0.99), 2)
    assert (opened, stronger.calls) == ([stronger], 2)


@pytest.mark.parametrize("level", [0.0, 0.6])
def test_a_stronger_model_that_is_less_sure_is_not_used(level):
    both, _ = _pair(first := FakeSegmenter("u2netp", 0.8), FakeSegmenter("isnet", level))
    answer = both.segment(PICTURE)
    assert (answer.spec, answer.values.max(), answer.facts["networks"]) == (first.spec, np.float32(0.8), 2)


@pytest.mark.parametrize("size", [(200, 240), (1999, 1501)])
def test_the_threshold_is_the_same_at_any_size(size):
    picture = Picture(np.zeros((*size, 3), np.uint8))
    levels = [level for level in np.linspace(0.5, 0.999, 40) if abs(doubt(np.float32([[level]])) - UNSURE) > 0.02]
    for level in levels:
        both, _ = _pair(FakeSegmenter("u2netp", level), FakeSegmenter("isnet", 1.0))
        assert (both.segment(picture).facts["networks"] == 2) == (doubt(np.full((9, 9), level, np.float32)) >= UNSURE)


@pytest.mark.parametrize(("inside", "name"), [(0.99, "u2netp"), (0.7, "isnet")])
def test_the_report_names_the_model_that_was_used(photo, inside, name):
    both, _ = _pair(FakeSegmenter("u2netp", inside), FakeSegmenter("isnet", 0.99))
    for options in (Options(), Options(roi="5% 5% 95% 95%")):
        report = cut_out(photo, both, options).report
        spec = MODELS[name]
        assert report["model"] == {"name": name, "sha256": spec.sha256, "licence": spec.licence}
        assert report["segment"]["networks"] == (1 if name == "u2netp" else 2)


def test_missing_weights_of_the_stronger_model_are_an_error_at_once(weights, tmp_path):
    shutil.copy(weights / "u2netp.onnx", tmp_path)
    with pytest.raises(ModelUnavailable, match=r"weights auto"):
        chosen("auto", Folder(tmp_path))
    (tmp_path / "isnet-fp16.onnx").write_bytes(b"half of them")
    with pytest.raises(ModelUnavailable, match="Download isnet again"):
        open_model(chosen("auto", Folder(tmp_path)), tmp_path)


def test_a_choice_of_one_model_opens_that_model(weights):
    assert isinstance(open_model(named("u2netp"), weights), OnnxSegmenter)
