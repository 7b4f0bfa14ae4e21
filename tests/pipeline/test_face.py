"""`from pipeline import ...`: few names, loaded when used, that take images as Python programs hold them."""

import importlib
import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import pipeline
from pipeline import Options, apply_matte, cut_out, errors, face, open_model, run
from pipeline.errors import BadOptions, ModelUnavailable, UnsupportedFormat

NAMES = ["HairlineError", "Options", "Result", "apply_matte", "cut_out", "errors", "open_model"]
SMALL = Options(shrink_to_megapixels=0.02)


@pytest.fixture(autouse=True)
def model(segmenter, monkeypatch):
    """The default model, opened once for all tests."""
    monkeypatch.setattr(face, "_default_model", lambda: segmenter)


def decoded(photo):
    return Image.open(io.BytesIO(photo))


def test_the_package_exports_exactly_these_names():
    assert sorted(pipeline.__all__) == NAMES
    assert set(NAMES) <= set(dir(pipeline))
    for name in NAMES:
        assert getattr(pipeline, name) is not None
    scope = {}
    exec("from pipeline import *", scope)
    assert sorted(scope.keys() - {"__builtins__"}) == NAMES


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'cut'"):
        pipeline.cut  # noqa: B018
    with pytest.raises(ImportError):
        importlib.import_module("pipeline.nothing")


@pytest.mark.parametrize("line", ["import pipeline", "from pipeline import Options, HairlineError, errors"])
def test_importing_the_package_or_options_loads_no_numpy(line):
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; {line}; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    assert "pipeline" in done.stdout.split()
    assert not {"numpy", "cv2", "onnxruntime", "PIL"} & set(done.stdout.split())


def test_every_kind_of_input_gives_the_same_pixels(photo, tmp_path):
    path = tmp_path / "photo.jpg"
    path.write_bytes(photo)
    expected = cut_out(photo, SMALL).to_numpy()
    assert expected.shape[2] == 4
    for image in (path, str(path), decoded(photo), np.asarray(decoded(photo))):
        assert np.array_equal(cut_out(image, SMALL).to_numpy(), expected)


def test_the_public_functions_give_the_same_results_as_the_pipeline(photo, segmenter):
    assert cut_out(photo, SMALL).data == run.cut_out(photo, segmenter, SMALL).output.data


def test_a_pillow_image_is_turned_upright(photo):
    turned = decoded(photo).transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6  # rotate by 90 degrees clockwise to see it upright
    file = io.BytesIO()
    turned.save(file, "PNG", exif=exif)
    assert np.array_equal(cut_out(Image.open(file), SMALL).to_numpy(), cut_out(photo, SMALL).to_numpy())


def test_the_alpha_of_an_array_is_used(photo):
    pixels = np.asarray(decoded(photo).convert("RGBA")).copy()
    pixels[:, : pixels.shape[1] // 2, 3] = 0
    made = cut_out(pixels).to_numpy()
    assert not made[:, : made.shape[1] // 2, 3].any()
    assert made[..., 3].any()


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "CMYK", "1"])
def test_other_modes_of_pillow_are_read(photo, mode):
    made = cut_out(decoded(photo).convert(mode), SMALL)
    assert made.to_pil().mode == "RGBA"


def test_the_limit_for_files_does_not_apply_to_arrays(photo):
    options = Options(shrink_to_megapixels=0.02, max_bytes=1000)
    assert cut_out(np.asarray(decoded(photo)), options).report["status"] == "done"
    with pytest.raises(errors.ImageTooLarge):
        cut_out(photo, options)


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (np.zeros((4, 4, 3)), r"The array is float64 of shape \(4, 4, 3\). Pass uint8"),
        (np.zeros((4, 4, 2), np.uint8), "shape"),
        (np.zeros((0, 4, 3), np.uint8), "shape"),
        (np.zeros(4, np.uint8), "shape"),
        ([[1, 2]], "The image is a list"),
        (Image.new("F", (4, 4)), "mode F"),
    ],
)
def test_a_value_that_is_not_an_image_is_rejected_with_advice(image, words):
    with pytest.raises(UnsupportedFormat, match=words):
        cut_out(image)


def test_a_missing_path_raises_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        cut_out(tmp_path / "none.jpg")


def test_results_are_bytes_pillow_or_numpy(photo):
    made = cut_out(photo, Options(shrink_to_megapixels=0.02, channels="alpha", depth=16, stages=("alpha",)))
    assert made.data == made.output.data
    assert made.to_numpy().dtype == np.uint16
    assert made.to_numpy().ndim == 2
    assert made.stages["alpha"].to_pil().mode == "L"
    with pytest.raises(BadOptions, match="zip"):
        cut_out(photo, Options(shrink_to_megapixels=0.02, format="zip")).to_pil()


def test_a_matte_is_applied_to_another_size(photo):
    picture = decoded(photo)
    matte = cut_out(photo).to_pil()
    small = picture.resize((picture.width // 2, picture.height // 2))
    made = apply_matte(small, matte)
    assert made.to_pil().size == small.size
    assert made.to_numpy()[..., 3].any()
    grey = cut_out(photo, Options(channels="alpha")).to_numpy()
    assert np.array_equal(apply_matte(small, grey).to_numpy(), made.to_numpy())


def test_another_model_is_opened_by_its_name(photo, weights, tmp_path):
    model = open_model("u2netp", folder=weights, threads=1)
    assert np.array_equal(cut_out(photo, SMALL, model=model).to_numpy(), cut_out(photo, SMALL).to_numpy())
    with pytest.raises(BadOptions, match="Unknown model 'u3net'"):
        open_model("u3net")
    with pytest.raises(ModelUnavailable, match="python -m weights isnet"):
        open_model("isnet", folder=tmp_path)


def test_the_default_model_is_opened_once(monkeypatch):
    monkeypatch.undo()
    opened = []
    monkeypatch.setattr(face, "open_model", lambda: opened.append(1) or object())
    face._default_model.cache_clear()
    assert face._default_model() is face._default_model()
    face._default_model.cache_clear()
    assert opened == [1]


def test_the_readme_shows_the_public_functions():
    readme = (Path(__file__).resolve().parents[2] / "README.md").read_text()
    assert "from pipeline import cut_out" in readme
