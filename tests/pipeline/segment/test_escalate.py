"""Which of two networks answers; all but the last two by networks that answer as they are told to."""

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


class Told:
    """A network that sees a disc, as sure of it as `inside`."""

    def __init__(self, name, inside, outside=0.0):
        self.spec, self.levels, self.asked = MODELS[name], (outside, inside), 0

    def segment(self, picture):
        self.asked += 1
        height, width = picture.rgb.shape[:2]
        rows, columns = np.mgrid[0:height, 0:width]
        disc = np.hypot(rows - height / 2, columns - width / 2) < min(height, width) / 4
        values = np.where(disc, self.levels[1], self.levels[0]).astype(np.float32)
        return ProbabilityMap(values, 1.0, {"looks": 1}, self.spec)


def _pair(first, stronger):
    made = []

    def make():
        made.append(stronger)
        return stronger

    return EscalatingSegmenter(first, make), made


def test_a_sure_answer_stands_and_the_stronger_network_is_never_made():
    both, made = _pair(first := Told("u2netp", 0.99), Told("isnet", 1.0))
    seen = both.segment(PICTURE)
    assert (seen.spec, dict(seen.facts), made) == (first.spec, {"looks": 1, "networks": 1}, [])


def test_an_unsure_one_goes_on_to_the_stronger_network_which_is_made_once():
    both, made = _pair(Told("u2netp", 0.7), stronger := Told("isnet", 0.99))
    for _ in range(2):
        seen = both.segment(PICTURE)
        assert (seen.spec, seen.values.max(), seen.facts["networks"]) == (stronger.spec, np.float32(0.99), 2)
    assert (made, stronger.asked) == ([stronger], 2)


@pytest.mark.parametrize("level", [0.0, 0.6])
def test_a_stronger_network_that_is_less_sure_takes_nothing_away(level):
    both, _ = _pair(first := Told("u2netp", 0.8), Told("isnet", level))
    seen = both.segment(PICTURE)
    assert (seen.spec, seen.values.max(), seen.facts["networks"]) == (first.spec, np.float32(0.8), 2)


@pytest.mark.parametrize("size", [(200, 240), (1999, 1501)])
def test_the_threshold_holds_at_any_size(size):
    picture = Picture(np.zeros((*size, 3), np.uint8))
    levels = [level for level in np.linspace(0.5, 0.999, 40) if abs(doubt(np.float32([[level]])) - UNSURE) > 0.02]
    for level in levels:
        asked = _pair(Told("u2netp", level), Told("isnet", 1.0))[0].segment(picture).facts["networks"]
        assert (asked == 2) == (doubt(np.full((9, 9), level, np.float32)) >= UNSURE)


@pytest.mark.parametrize(("inside", "name"), [(0.99, "u2netp"), (0.7, "isnet")])
def test_the_report_names_the_network_that_answered(photo, inside, name):
    both, _ = _pair(Told("u2netp", inside), Told("isnet", 0.99))
    for options in (Options(), Options(roi="5% 5% 95% 95%")):
        report = cut_out(photo, both, options).report
        spec = MODELS[name]
        assert report["model"] == {"name": name, "sha256": spec.sha256, "licence": spec.licence}
        assert report["segment"]["networks"] == (1 if name == "u2netp" else 2)


def test_without_the_stronger_weights_nothing_starts(weights, tmp_path):
    shutil.copy(weights / "u2netp.onnx", tmp_path)
    with pytest.raises(ModelUnavailable, match=r"weights auto"):
        chosen("auto", Folder(tmp_path))
    (tmp_path / "isnet-fp16.onnx").write_bytes(b"half of them")
    with pytest.raises(ModelUnavailable, match="Download isnet again"):
        open_model(chosen("auto", Folder(tmp_path)), tmp_path)


def test_a_choice_of_one_network_is_that_network(weights):
    assert isinstance(open_model(named("u2netp"), weights), OnnxSegmenter)
