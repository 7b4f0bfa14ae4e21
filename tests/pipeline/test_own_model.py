"""A model of your own: its row makes it work like any other, and a bad one is rejected by name before any image."""

import json
import shutil

import numpy as np
import pytest

from pipeline import open_model
from pipeline.cli.main import main
from pipeline.errors import BadOptions, ModelUnavailable
from pipeline.models import MODELS
from pipeline.models.choice import STRONGER, Folder, chosen
from pipeline.run import cut_out
from pipeline.types import Picture
from tests.pipeline.pictures import saved
from tests.pipeline.tiny_onnx import brightness, installed


def _scene():
    """A bright square on dark ground, uint8 (H, W, 3)."""
    rgb = np.full((96, 128, 3), 30, np.uint8)
    rgb[24:72, 40:90] = 220
    return rgb


def test_a_model_of_your_own_cuts_and_the_report_names_it(tmp_path):
    report = cut_out(saved(_scene(), "PNG"), open_model("mine", folder=installed(tmp_path))).report
    sha256 = json.loads((tmp_path / "mine.json").read_text())["sha256"]
    assert report["model"] == {"name": "mine", "sha256": sha256, "licence": "LicenseRef-ours"}
    assert report["status"] == "done"


@pytest.mark.parametrize("side", [64, 128, "side"])
def test_the_map_has_the_size_of_the_picture_and_the_range_of_probabilities(tmp_path, side):
    pixels = 96 if side == "side" else side
    model = open_model("mine", folder=installed(tmp_path, data=brightness(side), side=pixels))
    values = model.segment(Picture(_scene())).values
    assert (values.shape, values.dtype) == ((96, 128), np.float32)
    assert 0 <= values.min() < 0.1
    assert 0.9 < values.max() <= 1
    assert values[48, 64] > 0.9


def test_logits_become_probabilities(tmp_path):
    model = open_model("mine", folder=installed(tmp_path, data=brightness(64, last="Identity"), logits=True))
    plain = open_model("mine", folder=installed(tmp_path, data=brightness(64)))
    picture = Picture(_scene())
    np.testing.assert_allclose(model.segment(picture).values, plain.segment(picture).values, atol=1e-5)


def test_a_model_of_your_own_takes_the_closer_looks_of_its_row(tmp_path):
    folder = installed(tmp_path, closer=[{"above": 0.5, "widened": 0.2}], std=[0.5, 0.5, 0.5])
    assert open_model("mine", folder=folder).segment(Picture(_scene())).facts["looks"] == 2


@pytest.mark.parametrize("name", ["u2netp+mine", "mine+u2netp", "mine+other"])
def test_a_model_of_your_own_can_be_either_of_two_models(tmp_path, weights, name):
    shutil.copy(weights / "u2netp.onnx", tmp_path)
    installed(tmp_path, "other")
    spec = chosen(name, Folder(installed(tmp_path)))
    assert [part.name for part in spec.parts] == name.split("+")
    grey = Picture(np.full((80, 80, 3), 128, np.uint8))
    assert open_model(name, folder=tmp_path).segment(grey).facts["networks"] in (1, 2)


@pytest.mark.parametrize("there", [STRONGER, STRONGER[1:], STRONGER[2:]])
def test_auto_takes_the_first_stronger_model_that_is_there(tmp_path, there):
    for name in there:
        (tmp_path / MODELS[name].file).touch()
    assert [part.name for part in chosen("auto", Folder(tmp_path)).parts] == ["u2netp", there[0]]


def test_auto_without_a_stronger_model_names_what_it_would_take(tmp_path):
    with pytest.raises(ModelUnavailable, match=r"one of isnet-general-use, birefnet-general-lite, isnet.*weights auto"):
        chosen("auto", Folder(tmp_path))


def test_free_licences_come_first():
    assert [MODELS[name].free for name in STRONGER] == [True, True, False]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"file": "../mine.onnx"}, r"mine\.json: file is .*must be a file name that ends in \.onnx"),
        ({"sha256": "ABC"}, 'sha256 is "ABC", but must be 64 lower-case'),
        ({"side": 0}, "side is 0, but must be a whole number"),
        ({"side": True}, "side is true"),
        ({"side": 320.0}, "side is 320.0"),
        ({"mean": [0.5, 0.5]}, "mean is"),
        ({"mean": "abc"}, "mean is"),
        ({"mean": [0.5, 0.5, float("nan")]}, "mean is"),
        ({"std": [0, 1, 1]}, "std is"),
        ({"licence": ""}, "licence is"),
        ({"licence": None}, "licence is null"),
        ({"logits": "yes"}, 'logits is "yes", but must be true or false'),
        ({"stretched": 50}, "stretched is 50"),
        ({"closer": [{"above": 0.5}]}, "closer is"),
        ({"closer": [{"above": 2, "widened": 0}]}, "closer is"),
        ({"closer": [{"above": 0.5, "widened": 0}] * 5}, "closer is"),
        ({"closer": 1}, "closer is"),
        ({"colour": "RGB"}, "unknown key 'colour'. Known: file, sha256"),
    ],
)
def test_a_bad_row_is_rejected_by_its_key(tmp_path, row, message):
    with pytest.raises(ModelUnavailable, match=message):
        chosen("mine", Folder(installed(tmp_path, **row)))


@pytest.mark.parametrize(
    ("data", "message"), [("{", "not JSON"), ("[]", "a JSON object"), ("{}", "lacks the key 'file'")]
)
def test_a_file_that_is_not_a_row_is_rejected(tmp_path, data, message):
    (tmp_path / "mine.json").write_text(data)
    with pytest.raises(ModelUnavailable, match=rf"^mine\.json .*{message}"):
        chosen("mine", Folder(tmp_path))


@pytest.mark.parametrize(
    ("data", "row", "message"),
    [
        (brightness(128), {}, r"mine\.onnx cannot be used with side 64.*image tensor\(float\) \[1, 3, 128, 128\]"),
        (brightness(64, last="GlobalAveragePool"), {}, r"answers with an array of shape \(\)"),
        (brightness(64, last="Identity"), {}, r"answers with values from -10 to 10.*logits to true in mine\.json"),
        (b"no network", {}, "ONNX Runtime cannot load it"),
    ],
)
def test_a_network_of_another_kind_is_rejected_by_name(tmp_path, data, row, message):
    with pytest.raises(ModelUnavailable, match=message):
        open_model("mine", folder=installed(tmp_path, data=data, **row))


def test_weights_with_another_checksum_than_the_rows_are_rejected(tmp_path):
    (installed(tmp_path) / "mine.onnx").write_bytes(b"others")
    with pytest.raises(ModelUnavailable, match=r"Correct it or mine\.json"):
        open_model("mine", folder=tmp_path)
    (tmp_path / "mine.onnx").unlink()
    with pytest.raises(ModelUnavailable, match=r"Put mine\.onnx there"):
        open_model("mine", folder=tmp_path)


@pytest.mark.parametrize("name", ["", "mine+", "+mine", "a+b+c", "../mine", "Mine", "u2netp+"])
def test_an_invalid_name_is_rejected(tmp_path, name):
    with pytest.raises(BadOptions, match="Unknown model"):
        chosen(name, Folder(installed(tmp_path)))


def test_the_message_about_a_missing_row_says_where_it_belongs(tmp_path):
    with pytest.raises(BadOptions, match=r"Unknown model 'u3net'\. Did you mean u2net\?.*needs u3net\.json"):
        chosen("u3net", Folder(tmp_path))


def test_a_row_never_replaces_a_model_that_hairline_knows(tmp_path):
    installed(tmp_path, "u2netp")
    assert chosen("u2netp", Folder(tmp_path)) == MODELS["u2netp"]


def test_the_command_line_accepts_a_model_of_your_own(tmp_path):
    (tmp_path / "photo.png").write_bytes(saved(_scene(), "PNG"))
    models = installed(tmp_path)
    command = ["cut", str(tmp_path / "photo.png"), "-o", str(tmp_path / "out"), "--model", "mine"]
    assert main([*command, "--model-dir", str(models)]) == 0
    assert (tmp_path / "out" / "photo.png").is_file()


def test_the_command_line_rejects_a_wrong_network_before_any_image(tmp_path, capsys):
    (tmp_path / "photo.png").write_bytes(b"not read")
    models = installed(tmp_path, data=brightness(128))
    command = ["cut", str(tmp_path / "photo.png"), "-o", str(tmp_path / "out"), "--model", "mine"]
    assert main([*command, "--model-dir", str(models)]) == 2
    assert "mine.onnx cannot be used with side 64" in capsys.readouterr().err
    assert not list((tmp_path / "out").glob("photo*"))
