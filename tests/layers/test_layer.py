"""The layer as Lambda gets it, without other packages: it passes the same tests and gives the same bytes."""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import skimage

from bench.readonly import readonly, refusal
from layers import function
from layers.prune import SERVICES
from pipeline.decode import decode
from pipeline.options import Options
from pipeline.run import cut_out
from pipeline.segment import OnnxSegmenter
from tests.conftest import Layer
from tests.pipeline.pictures import exif, gradient, heic, profile

ROOT = Path(__file__).resolve().parents[2]

LEFT_OUT = {
    "cli": "the command line is not on Lambda",
    "test_own_model.py::test_the_command_line_accepts_a_model_of_your_own": "the same",
    "test_own_model.py::test_the_command_line_rejects_a_wrong_network_before_any_image": "the same",
    "test_report.py": "validates with a package that only the tests have",
    "test_sheet.py": "contact sheets are the command line's, and need fonts",
    "test_encode.py::test_the_same_canvas_gives_the_same_bytes_in_another_process_and_at_another_time": (
        "starts a Python that would look for its packages elsewhere"
    ),
    "segment/test_onnx.py::test_onnx_runtime_sends_no_telemetry": (
        "shows what ONNX Runtime does without Hairline's setting, in this environment"
    ),
}
"""Tests in tests/pipeline that cannot run from the layer, and why."""


def run(
    layer: Layer, folder: Path, *arguments: str | Path, prefix: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    """Run the layer's Python with only the layer and Hairline's code, and without a writable home.

    prefix: of the command.
    """
    (folder / "skimage").mkdir()
    (folder / "skimage" / "__init__.py").touch()
    (folder / "skimage" / "data").symlink_to(Path(skimage.__file__).parent / "data")  # the photographs, not the library
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": "/proc/none",  # cannot be made, not even by root
        "TMPDIR": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONNOUSERSITE": "1",
        "PYTHONPATH": ":".join(map(str, (layer.opt / "python", ROOT, layer.tools, folder))),
        "AWS_DEFAULT_REGION": "eu-west-1",
    }
    command = readonly(folder, [*prefix, layer.interpreter, "-S", *arguments])
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def state(opt: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in opt.rglob("*")}


def test_only_the_temporary_folder_can_be_written_to(layer: Layer, tmp_path: Path) -> None:
    if reason := refusal():
        pytest.skip(f"this machine cannot mount read-only, so file modes and an audit hook replace it: {reason}")
    program = """
import sys
from pathlib import Path
for folder in sys.argv[1:]:
    try:
        Path(folder, "new").write_text("x")
        print("written")
    except OSError as error:
        print(error.strerror)
"""
    places = (tmp_path, layer.opt, layer.opt / "python", layer.tools, ROOT, "/", Path.home(), tmp_path.parent)
    done = run(layer, tmp_path, "-c", program, *places)
    assert done.stdout.splitlines() == ["written", *["Read-only file system"] * 7], done.stderr


def test_the_librarys_own_tests_pass_on_the_layer(layer: Layer, tmp_path: Path) -> None:
    before = state(layer.opt)
    tests = ROOT / "tests" / "pipeline"
    options: list[str | Path] = [
        "-c",
        ROOT / "pyproject.toml",
        "--rootdir",
        ROOT,
        "-p",
        "no:cacheprovider",
        "-q",
        "-m",
        "not pymatting",
    ]
    options += [option for name in LEFT_OUT for option in ("--deselect", f"tests/pipeline/{name}")]
    options += [f"--ignore={tests / name}" for name in LEFT_OUT if "::" not in name]
    done = run(layer, tmp_path, Path(__file__).with_name("isolated.py"), layer.opt, tmp_path, *options, tests)
    assert done.returncode == 0, (done.stdout + done.stderr)[-8000:]
    assert int(done.stdout.split(" passed")[0].split()[-1]) > 500
    assert state(layer.opt) == before


CASES: dict[str, dict[str, Any]] = {
    "astronaut.png": {},
    "chelsea.png": {"matting": "exact", "format": "webp"},
    "coffee.png": {"format": "tiff"},
    "rocket.jpg": {"format": "jpeg", "background": "white", "shadow": "drop"},
}
PROGRAM = """
import hashlib, json, sys
from pathlib import Path
from pipeline.models import named
from pipeline.options import Options
from pipeline.run import cut_out
from pipeline.segment import OnnxSegmenter
photos, weights, cases = sys.argv[1:]
segmenter = OnnxSegmenter(named("u2netp"), Path(weights))
made = {}
for name, options in json.loads(cases).items():
    result = cut_out(Path(photos, name).read_bytes(), segmenter, Options(**options))
    made[name] = hashlib.sha256(result.output.data).hexdigest()
print(json.dumps(made))
"""


def test_images_give_the_same_bytes_as_in_this_environment(
    layer: Layer, segmenter: OnnxSegmenter, photos: Path, tmp_path: Path
) -> None:
    done = run(layer, tmp_path, "-c", PROGRAM, photos, layer.opt / "models", json.dumps(CASES))
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert json.loads(done.stdout) == {
        name: hashlib.sha256(
            cut_out((photos / name).read_bytes(), segmenter, Options(**options)).output.data
        ).hexdigest()
        for name, options in CASES.items()
    }


def test_heic_is_decoded_as_in_this_environment(layer: Layer, tmp_path: Path) -> None:
    data = heic(gradient(300, 200), exif=b"Exif\0\0" + exif(6), icc_profile=profile())
    (tmp_path / "photo.heic").write_bytes(data)
    program = """
import hashlib, sys
from pathlib import Path
from pipeline.decode import decode
picture = decode(Path(sys.argv[1]).read_bytes(), max_bytes=40_000_000, max_megapixels=50)
print(picture.rgb.shape, hashlib.sha256(picture.rgb.tobytes()).hexdigest())
"""
    done = run(layer, tmp_path, "-c", program, tmp_path / "photo.heic")
    here = decode(data, max_bytes=40_000_000, max_megapixels=50).rgb
    assert done.stdout == f"{here.shape} {hashlib.sha256(here.tobytes()).hexdigest()}\n", done.stderr


HIDDEN = """
set -e
for folder in /sys /dev/shm; do
    mount -t tmpfs -o ro none $folder
done
exec "$@"
"""


def test_an_image_is_cut_where_sys_and_dev_shm_are_empty(layer: Layer, photos: Path, tmp_path: Path) -> None:
    """As on Lambda. ONNX Runtime counts processors in /sys, and on arm64 it once failed without it."""
    if reason := refusal():
        pytest.skip(f"this machine cannot hide folders: {reason}")
    hidden = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", HIDDEN, "sh"]
    program = "import os\nprint(os.listdir('/sys'), os.listdir('/dev/shm'))\n" + PROGRAM
    case = json.dumps({"astronaut.png": CASES["astronaut.png"]})
    done = run(layer, tmp_path, "-c", program, photos, layer.opt / "models", case, prefix=hidden)
    assert done.returncode == 0, done.stderr
    folders, made = done.stdout.splitlines()
    assert folders == "[] []"
    assert json.loads(made).keys() == {"astronaut.png"}


def test_the_kernels_release_the_lock_of_the_interpreter(layer: Layer, tmp_path: Path) -> None:
    program = """
import threading
import numpy as np
from pipeline.foreground.kernels import estimate
rng = np.random.default_rng(0)
picture, alpha = rng.random((700, 700, 3), np.float32), rng.random((700, 700), np.float32)
near, front, back = np.zeros_like(alpha), np.empty_like(picture), np.empty_like(picture)
ended, turns = threading.Event(), 0
def work():
    estimate(picture, alpha, near, front, back)
    ended.set()
threading.Thread(target=work).start()
while not ended.wait(0.001):
    turns += 1
print(turns)
"""
    done = run(layer, tmp_path, "-c", program)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 10  # a kernel that kept the lock would leave one or two


def test_a_missing_service_and_a_missing_kernel_raise_clear_errors(layer: Layer, tmp_path: Path) -> None:
    program = """
import boto3, botocore.exceptions
from pipeline.compiled import compiled
for call, error in (
    (lambda: boto3.client("ec2"), botocore.exceptions.UnknownServiceError),
    (lambda: compiled("void(i8)")(print), NotImplementedError),
):
    try:
        call()
    except error as found:
        print(found)
"""
    done = run(layer, tmp_path, "-c", program)
    assert done.returncode == 0, done.stderr
    assert "Unknown service: 'ec2'" in done.stdout
    assert "builtins.print was not compiled in advance" in done.stdout


def test_a_function_with_other_kernels_rejects_the_layer(layer: Layer, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "pipeline", tmp_path / "pipeline")
    with (tmp_path / "pipeline" / "matting" / "kernels" / "vectors.py").open("a") as file:
        file.write("# changed\n")
    done = run(layer, tmp_path, "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import pipeline.matting")
    assert done.returncode == 1
    assert "the layer was built from other code than the function" in done.stderr.splitlines()[-1]


def test_the_handler_imports_and_its_clients_can_be_made(layer: Layer, tmp_path: Path) -> None:
    modules = [
        ".".join(path.with_suffix("").parts).removesuffix(".__init__")
        for path in function.files()
        if path.parts[0] == "handler"
    ]
    program = f"""
import importlib, boto3
for name in {modules}:
    importlib.import_module(name)
for name in {SERVICES}:
    boto3.client(name)
"""
    done = run(layer, tmp_path, "-c", program)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["layer.zip", "sizes.md"])
def test_the_build_writes_the_archive_and_its_sizes(layer: Layer, name: str) -> None:
    assert (layer.tools.parent / name).stat().st_size > 1000
