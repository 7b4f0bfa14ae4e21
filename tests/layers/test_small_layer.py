"""SmallLayer alone, as Lambda gives it to the functions that never cut."""

import os
import subprocess
from pathlib import Path

import pytest

from handler.local import template
from layers import function
from layers.prune import SERVICES
from tests.conftest import Layer

TEMPLATE = template.load()
FUNCTIONS = {
    name: template.properties(TEMPLATE, name)["Handler"].rpartition(".")[0]
    for name in template.of_type(TEMPLATE, "AWS::Serverless::Function")
    if template.properties(TEMPLATE, name)["Layers"] == [{"Ref": "SmallLayer"}]
}


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The functions' code alone, as in /var/task."""
    folder = tmp_path_factory.mktemp("task")
    function.copy(folder)
    return folder


def run(layer: Layer, task: Path, program: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.defpath,
        "PYTHONPATH": f"{task}:{layer.opt / 'python'}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }
    command: list[str | Path] = [layer.interpreter, "-S", "-c", program]
    return subprocess.run(command, cwd=task, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_imports_with_the_small_layer_alone(small_layer: Layer, task: Path, name: str) -> None:
    module = FUNCTIONS[name]
    done = run(small_layer, task, f"import boto3, {module}; print(boto3.__file__, {module}.__file__)")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [
        str(small_layer.opt / "python" / "boto3" / "__init__.pyc"),
        str(task.joinpath(*module.split(".")).with_suffix(".py")),
    ]


def test_the_clients_of_all_services_can_be_made(small_layer: Layer, task: Path) -> None:
    done = run(small_layer, task, f"import boto3\nfor name in {SERVICES}: boto3.client(name)")
    assert done.returncode == 0, done.stderr


def test_the_small_layer_is_small_and_holds_nothing_that_cuts(small_layer: Layer) -> None:
    files = [path for path in small_layer.opt.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 6_000_000
    names = {path.name for path in (small_layer.opt / "python").iterdir()}
    assert not names & {"numpy", "cv2", "onnxruntime", "scipy", "PIL", "numba.py", "hairline_kernels.so"}
    assert not (small_layer.opt / "models").exists()
