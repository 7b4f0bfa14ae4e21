"""The whole benchmark on small generated sets: reading, measuring, the table, and RESULTS.md."""

import sys

import numpy as np
import pytest
from PIL import Image

from bench import quality, results
from bench.methods import Hairline, Measurement, Rembg
from bench.samples import groups, samples
from pipeline.options import Options


@pytest.fixture
def data(tmp_path, photo):
    """Two sets of the same photograph: "plain", and "grabcut35", whose truth leaves its left half undecided."""
    truth = np.zeros((256, 256), np.uint8)
    truth[40:, 60:200] = 255
    for group in ("plain", "grabcut35"):
        for folder in ("image", "alpha"):
            (tmp_path / group / folder).mkdir(parents=True)
        (tmp_path / group / "split.csv").write_text("stem,split,end_to_end_ok,note\na,dev,1,\nb,dev,0,\nc,dev,1,\n")
        for stem in "abc":
            (tmp_path / group / "image" / f"{stem}.jpg").write_bytes(photo)
            Image.fromarray(truth).save(tmp_path / group / "alpha" / f"{stem}.png")
        truth[:, :128] = 128
    return tmp_path


class Constant:
    """A method that returns the same matte for every image."""

    def __init__(self, name, alpha, rejected=False):
        self.name, self._measurement = name, Measurement(alpha, 1.5, rejected)

    def measure(self, _sample):
        return self._measurement


def test_only_images_that_are_marked_as_fit_are_used(data):
    assert groups(data) == ["grabcut35", "plain"]
    assert [(s.group, s.stem) for s in samples(data, ["plain"])] == [("plain", "a"), ("plain", "c")]
    assert [s.stem for s in samples(data, ["plain", "grabcut35"], 1)] == ["a", "a"]


def test_a_missing_image_is_an_error(data):
    (data / "plain" / "image" / "c.jpg").unlink()
    with pytest.raises(FileNotFoundError, match=r"plain .* c\."):
        samples(data, ["plain"])


def test_undecided_pixels_are_not_scored(data):
    alpha = np.zeros((256, 256), np.float32)
    alpha[40:, 128:200] = 1
    plain, undecided = samples(data, ["plain", "grabcut35"], 1)
    assert plain.scores(alpha).mae == pytest.approx(1000 * 216 * 68 / 256**2)
    assert undecided.scores(alpha) == (0, 0, 0, pytest.approx(0, abs=1), 1)
    alpha[:, :128] = 0.7
    assert undecided.scores(alpha).mae == 0


def test_a_matte_of_another_size_is_resampled(data):
    (sample,) = samples(data, ["plain"], 1)
    assert sample.scores(np.ones((10, 10), np.float32)).mae == sample.scores(np.ones((256, 256), np.float32)).mae


def test_the_table_has_a_row_for_each_set_and_method(data):
    blank, full = np.zeros((256, 256), np.float32), np.ones((256, 256), np.float32)
    methods = [Constant("blank", blank, rejected=True), Constant("full", full)]
    rows = quality.rows(quality.measure(methods, samples(data, ["plain"])))
    share = 216 * 140 / 256**2
    assert [row[:4] for row in rows] == [
        ["plain", "blank", "2", f"{1000 * share:.1f}"],
        ["plain", "full", "2", f"{1000 * (1 - share):.1f}"],
    ]
    assert [row[-5:] for row in rows] == [["0.000", "2", "2", "0", "1.50"], [f"{share:.3f}", "2", "0", "0", "1.50"]]
    assert all(len(row) == len(quality.HEAD) for row in rows)


def test_an_image_that_took_too_long_is_counted_but_not_averaged(data):
    class Slow(Constant):
        def measure(self, sample):
            return self._measurement._replace(stopped=sample.stem == "c")

    rows = quality.rows(quality.measure([Slow("slow", np.ones((256, 256), np.float32))], samples(data, ["plain"])))
    assert [row[2] for row in rows] == ["1"]
    assert [row[-2:] for row in rows] == [["1", "1.50"]]


def test_a_method_that_finished_nothing_has_an_empty_row(data):
    method = Constant("slow", np.ones((256, 256), np.float32))
    method._measurement = method._measurement._replace(stopped=True)
    (row,) = quality.rows(quality.measure([method], samples(data, ["plain"])))
    assert row == ["plain", "slow", "0", *[""] * 8, "2", ""]
    assert len(row) == len(quality.HEAD)


WORKER = """
import json, sys
for line in sys.stdin:
    source, target, limit = json.loads(line)
    if source.endswith("c.jpg"):
        import resource, time
        resource.setrlimit(resource.RLIMIT_CPU, (round(time.process_time()) + 1, -1))
        while True: pass
    open(target, "wb").write(open(sys.argv[1], "rb").read())
    print(0.5, flush=True)
"""


def test_rembg_is_stopped_at_its_limit_and_continues_with_the_next_image(data, tmp_path, monkeypatch):
    matte = tmp_path / "matte.png"
    Image.new("RGBA", (256, 256), (0, 0, 0, 255)).save(matte)
    worker = tmp_path / "worker.py"
    worker.write_text(WORKER)
    monkeypatch.setattr(Rembg, "_command", lambda _: [sys.executable, str(worker), str(matte)])
    first, slow = samples(data, ["plain"])
    with Rembg(tmp_path / "cache", fresh=False) as rembg:
        assert [rembg.measure(s).stopped for s in (first, slow, first, slow)] == [False, True, False, True]
        assert rembg.measure(first).seconds == 0.5
    assert (tmp_path / "cache" / "plain" / "c.json").read_text() == "null"


@pytest.mark.slow
def test_hairline_is_measured_with_its_defaults(data, weights):
    (sample,) = samples(data, ["plain"], 1)
    measurement = Hairline("Hairline", Options()).measure(sample)
    assert measurement.alpha.shape == (256, 256)
    assert measurement.seconds > 0
    assert not measurement.rejected
    np.testing.assert_array_equal(measurement.alpha * 255, np.rint(measurement.alpha * 255))
    assert sample.scores(measurement.alpha).iou > 0.5


@pytest.mark.slow
def test_a_rejected_image_counts_as_an_empty_matte(data, weights):
    (sample,) = samples(data, ["plain"], 1)
    Image.new("RGB", (64, 48), "grey").save(sample.image)
    measurement = Hairline("Hairline", Options()).measure(sample)
    assert measurement.rejected
    assert measurement.alpha.shape == (48, 64)
    assert not measurement.alpha.any()


def test_an_unknown_set_and_an_empty_folder_are_named(data, tmp_path, capsys):
    for arguments in (["--data", str(data), "--sets", "other"], ["--data", str(tmp_path / "plain")]):
        with pytest.raises(SystemExit, match="2"):
            quality.main(arguments)
    assert "holds the sets grabcut35, plain" in capsys.readouterr().err


def test_a_part_of_the_results_is_replaced_and_the_rest_stays():
    text = results.replace_part("# Results\n\nhand-written\n", "quality", "one")
    text = results.replace_part(text, "speed", "two")
    text = results.replace_part(text, "quality", "three\nfour")
    assert text == (
        "# Results\n\nhand-written\n\n<!-- quality: begin -->\nthree\nfour\n<!-- quality: end -->\n\n"
        "<!-- speed: begin -->\ntwo\n<!-- speed: end -->\n"
    )


def test_a_table_is_markdown():
    assert results.table(["a", "b", "c"], [["x", "y", "1"]]) == "| a | b | c |\n| --- | --- | --: |\n| x | y | 1 |"
