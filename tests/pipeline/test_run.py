"""All stages with the real model: the same input gives the same output, and each option has its effect."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from pipeline.errors import BadOptions, NoSubject, OutOfTime
from pipeline.options import Options
from pipeline.run import Stopwatch, analyse, cut_out, finish
from pipeline.types import ProbabilityMap

ALL = ("probability", "trimap", "alpha")


def _png(array):
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, "PNG")
    return buffer.getvalue()


def _opened(encoded):
    return np.array(Image.open(io.BytesIO(encoded.data)))


def _rgb(data):
    return np.array(Image.open(io.BytesIO(data)).convert("RGB"))


@pytest.fixture(scope="module")
def result(photo, segmenter):
    return cut_out(photo, segmenter, Options(stages=ALL))


def test_a_person_is_cut_out(result):
    alpha = _opened(result.output)[..., 3]
    assert alpha[150, 110] == 255
    assert alpha[10, 10] == 0
    assert result.report["status"] == "done"
    assert not result.report["quality"]["needs_review"]


def test_known_pixels_survive_all_stages(photo, result):
    cutout, trimap, source = _opened(result.output), _opened(result.stages["trimap"]), _rgb(photo)
    assert set(np.unique(trimap)) == {0, 128, 255}
    assert (cutout[trimap == 0] == 0).all()
    assert (cutout[..., 3][trimap == 255] == 255).all()
    solid = cutout[..., 3] == 255
    assert np.array_equal(cutout[solid][:, :3], source[solid])
    assert (cutout[cutout[..., 3] == 0] == 0).all()
    assert np.array_equal(_opened(result.stages["alpha"]), cutout[..., 3])


def test_a_second_run_and_another_number_of_threads_give_the_same_bytes(photo, segmenter, result):
    for threads in (1, 2):
        again = cut_out(photo, segmenter, Options(stages=ALL, threads=threads))
        assert again.output.data == result.output.data
        assert all(again.stages[name].data == result.stages[name].data for name in ALL)
        told, before = dict(again.report), dict(result.report)
        assert told.pop("ms").keys() == before.pop("ms").keys()
        for report in (told, before):
            report["matting"] = {k: v for k, v in report["matting"].items() if "ms" not in k}
        assert told == before


class _Mirrored:
    """The real model with symmetric maps, so that only the other stages are under test."""

    def __init__(self, segmenter):
        self.spec, self._segmenter = segmenter.spec, segmenter

    def segment(self, picture):
        seen = self._segmenter.segment(picture)
        other = self._segmenter.segment(type(picture)(np.ascontiguousarray(picture.rgb[:, ::-1])))
        return ProbabilityMap((seen.values + other.values[:, ::-1]) / np.float32(2), seen.cell)


@pytest.mark.parametrize(("matting", "mean", "share"), [("exact", 0.1, 0.01), ("fast", 1.0, 0.05)])
def test_flipping_the_input_flips_the_output(photo, segmenter, matting, mean, share):
    rgb, options = _rgb(photo), Options(matting=matting)
    ways = [_opened(cut_out(_png(way), _Mirrored(segmenter), options).output) for way in (rgb, rgb[:, ::-1].copy())]
    difference = np.abs(ways[0][..., 3].astype(int) - ways[1][:, ::-1, 3])
    # The fast way stops early on coarse grids that count from the left, so it is as symmetric as it is exact.
    assert difference.mean() < mean
    assert np.mean(difference > 2) < share


ALLOWANCE = 3.0
"""Of 255, the mean over unknown pixels: how well alpha and colours together explain their picture."""


def test_the_cutout_on_its_old_background_restores_the_picture(segmenter):
    rows, columns = np.mgrid[0:200, 0:240].astype(np.float32)
    inside = np.dstack([200 + rows * 0.2, 90 + columns * 0.2, 60 + rows * 0.1])
    behind = np.round(np.dstack([20 + columns * 0.3, 60 + rows * 0.3, 160 + columns * 0.2])).astype(np.uint8)
    alpha = np.clip((70 - np.hypot(rows - 100, columns - 120)) / 12 + 0.5, 0, 1)[..., None]
    picture = np.round(alpha * inside + (1 - alpha) * behind).astype(np.uint8)
    trimap = np.select([alpha[..., 0] == 0, alpha[..., 0] == 1], [0, 255], 128).astype(np.uint8)
    options = Options(trimap=_png(trimap), background=_png(behind), blend="srgb")
    back = _opened(cut_out(_png(picture), segmenter, options).output)
    difference = np.abs(back.astype(int) - picture)
    assert (difference[trimap != 128] == 0).all()
    assert difference[trimap == 128].mean() < ALLOWANCE


def test_the_report_is_json_and_says_what_was_used(photo, segmenter, result):
    report = json.loads(json.dumps(result.report))
    assert report["schema"] == 1
    assert report["model"] == {
        "name": "u2netp",
        "sha256": segmenter.spec.sha256,
        "licence": "Apache-2.0",
    }
    assert report["options_digest"] == Options(stages=ALL).digest()
    assert report["source"] == {
        "format": "jpeg",
        "width": 256,
        "height": 256,
        "bytes": len(photo),
        "transparent": False,
        "notes": [],
    }
    assert report["output"]["bytes"] == len(result.output.data)
    assert set(report["ms"]) >= {"decode", "segment", "trimap", "matting", "foreground", "compose", "encode"}


@pytest.mark.parametrize("value", [0, 90, 255])
@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (64, 64)])
def test_a_picture_of_one_colour_has_no_subject(segmenter, size, value):
    with pytest.raises(NoSubject):
        cut_out(_png(np.full((*size, 3), value, np.uint8)), segmenter)


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (2, 2), (3, 700)])
def test_odd_sizes_are_cut_or_have_no_subject(segmenter, size):
    rgb = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    try:
        alpha = _opened(cut_out(_png(rgb), segmenter).output)[..., 3]
    except NoSubject:
        return
    assert alpha.shape == size


def test_a_subject_that_touches_every_border_keeps_its_middle(photos, segmenter):
    rgb = np.array(Image.open(photos / "coffee.png").convert("RGB"))[40:330, 130:420]
    result = cut_out(_png(rgb), segmenter)
    assert _opened(result.output)[145, 145, 3] > 250
    assert "touches_border" in {reason["code"] for reason in result.report["quality"]["reasons"]}


def test_the_users_trimap_decides(photo, segmenter):
    grey = np.zeros((256, 256), np.uint8)
    grey[40:80, 40:80] = 255
    alpha = _opened(cut_out(photo, segmenter, Options(trimap=_png(grey))).output)[..., 3]
    assert np.array_equal(alpha, grey)
    with pytest.raises(BadOptions, match="255 x 256"):
        cut_out(photo, segmenter, Options(trimap=_png(grey[:, 1:])))


def test_the_sources_own_transparency_stays(photo, segmenter):
    rgba = np.dstack([_rgb(photo), np.full((256, 256), 255, np.uint8)])
    rgba[100:160, 80:140, 3] = 102
    alpha = _opened(cut_out(_png(rgba), segmenter).output)[..., 3]
    assert (alpha[110:150, 90:130] == 102).all()


@pytest.mark.parametrize("matting", ["fast", "exact", "off"])
def test_each_matting_keeps_what_is_known(photo, segmenter, matting):
    result = cut_out(photo, segmenter, Options(matting=matting, stages=("trimap",)))
    alpha, trimap = _opened(result.output)[..., 3], _opened(result.stages["trimap"])
    assert (alpha[trimap == 0] == 0).all()
    assert (alpha[trimap == 255] == 255).all()
    assert result.report["matting"]["method"] == matting


def test_a_passed_deadline_raises_before_decoding(photo, segmenter):
    with pytest.raises(OutOfTime, match="decode"):
        cut_out(photo, segmenter, deadline=0.0)


def test_a_bad_background_is_rejected_before_the_picture_is_decoded(segmenter):
    with pytest.raises(BadOptions, match=r"background: .*HTML"):
        cut_out(b"not a picture either", segmenter, Options(background=b"<html>"))


def test_nothing_outside_the_region_of_interest_is_cut_out(photo, segmenter):
    alpha = _opened(cut_out(photo, segmenter, Options(roi="0 0 50% 100%")).output)[..., 3]
    half = alpha.shape[1] // 2
    assert (alpha[:, :half] == 255).any()
    assert (alpha[:, half:] == 0).all()


def test_a_region_outside_the_picture_is_rejected(photo, segmenter):
    with pytest.raises(BadOptions, match="roi '9000px"):
        cut_out(photo, segmenter, Options(roi="9000px 0 9999px 50%"))


def test_strokes_override_the_model(photo, segmenter, result):
    strokes = np.full(_rgb(photo).shape[:2], 128, np.uint8)
    strokes[140:160, 100:120] = 0
    alpha = _opened(cut_out(photo, segmenter, Options(scribbles=_png(strokes))).output)[..., 3]
    assert (alpha[140:160, 100:120] == 0).all()
    assert (_opened(result.output)[140:160, 100:120, 3] == 255).all()


@pytest.mark.parametrize("megapixels", [None, 0.03])
def test_brush_strokes_override_the_model_at_every_size(photo, segmenter, result, megapixels):
    strokes = [{"tool": "remove", "radius": 12, "points": [[110, 140], [110, 160]]}]
    made = cut_out(photo, segmenter, Options(strokes=strokes, shrink_to_megapixels=megapixels))
    alpha = _opened(made.output)[..., 3]
    scale = alpha.shape[1] / _opened(result.output).shape[1]
    here = tuple(slice(round(start * scale), round(end * scale)) for start, end in ((140, 160), (104, 116)))
    assert (alpha[here] == 0).all()
    assert made.report["options"]["strokes"] == [
        {"tool": "remove", "radius": 12.0, "points": [[110.0, 140.0], [110.0, 160.0]]}
    ]
    assert 0 < made.report["trimap"]["scribbled_share"] < 0.05


@pytest.mark.parametrize("name", ["scribbles", "trimap"])
def test_scribbles_that_are_not_an_image_are_a_bad_option(photo, segmenter, name):
    with pytest.raises(BadOptions, match=f"The {name}"):
        cut_out(photo, segmenter, Options(**{name: b"no picture"}))


def test_a_stroke_marks_the_subject_where_the_model_found_none(segmenter):
    class Blind:
        def segment(self, picture):
            return ProbabilityMap(np.zeros(picture.rgb.shape[:2], np.float32), 1.0, {}, segmenter.spec)

    rgb = np.random.default_rng(0).integers(0, 90, (200, 300, 3)).astype(np.uint8)
    rgb[60:140, 100:200] = (230, 200, 40)
    with pytest.raises(NoSubject):
        cut_out(_png(rgb), Blind())
    strokes = [{"tool": "keep", "radius": 10, "points": [[110, 100], [190, 100]]}]
    alpha = _opened(cut_out(_png(rgb), Blind(), Options(strokes=strokes)).output)[..., 3]
    assert (alpha[95:105, 110:190] == 255).all()
    assert alpha[:30].max() == 0


def test_an_analysis_can_be_finished_with_other_strokes(photo, segmenter):
    strokes = [{"tool": "remove", "radius": 8, "points": [[100, 150], [120, 150]]}]
    options = Options(strokes=strokes, shift=1)
    analysis = analyse(photo, segmenter, Options(), Stopwatch())
    again = finish(analysis, options, None, Stopwatch())
    assert again.output.data == cut_out(photo, segmenter, options).output.data


class SeesTheBodyAlone:
    """A model that finds only the left part of a thing, in every look."""

    def __init__(self, segmenter):
        self._spec = segmenter.spec

    def segment(self, picture):
        values = np.full(picture.rgb.shape[:2], 0.02, np.float32)
        values[60:180, 60:150] = 0.98
        return ProbabilityMap(values, 1.0, {}, self._spec)


def _packshot():
    rgb = np.full((240, 320, 3), 236, np.uint8)
    rgb[60:180, 60:150] = rgb[100:140, 150:250] = (30, 60, 160)
    return _png(rgb)


def test_before_a_plain_backdrop_the_part_that_the_model_missed_is_cut_out_too(segmenter):
    made = cut_out(_packshot(), SeesTheBodyAlone(segmenter))
    cutout = _opened(made.output)
    assert (cutout[105:135, 155:245, 3] == 255).all()
    assert (cutout[105:135, 155:245, :3] == (30, 60, 160)).all()
    assert (cutout[20:55, :, 3] == 0).all()
    assert made.report["trimap"]["backdrop"]["added_share"] == pytest.approx(40 * 100 / (240 * 320), rel=0.1)


def test_with_a_trimap_of_the_users_the_backdrop_is_not_examined(segmenter):
    trimap = np.zeros((240, 320), np.uint8)
    trimap[60:180, 60:150] = 255
    made = cut_out(_packshot(), SeesTheBodyAlone(segmenter), Options(trimap=_png(trimap)))
    assert (_opened(made.output)[105:135, 155:245, 3] == 0).all()
    assert "backdrop" not in made.report["trimap"]
