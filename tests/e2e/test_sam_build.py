"""`sam build`, for real and without Docker: what `sam deploy` would upload."""

import os
import subprocess
from pathlib import Path

import pytest

import layers.function
from bench.lambda_runtime import ROOT, SAM
from handler.local import template
from layers import archive
from tests.conftest import Layer

FUNCTIONS = template.of_type(template.load(), "AWS::Serverless::Function")
LAYERS = template.of_type(template.load(), "AWS::Serverless::LayerVersion")


@pytest.fixture(scope="module")
def built(layer: Layer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `sam build` fills, one folder in it for each function and layer."""
    program = SAM / "bin" / "sam"
    if not program.exists():
        pytest.skip("SAM is not installed. Run `make .venv-sam/stamp-synced`.")
    folder = tmp_path_factory.mktemp("sam") / "build"
    # Under `make test`, the make that SAM starts would otherwise act as a child of that make.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    environment |= {"SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "us-east-1", "DOCKER_HOST": "unix:///nowhere"}
    command: list[str | Path] = [program, "build", "--build-dir", folder, "--cache-dir", folder.parent / "cache"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    return folder


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_contains_only_its_own_code(built: Path, function: str) -> None:
    deployed = {path.relative_to(built / function) for path in archive.files(built / function)}
    assert deployed == set(layers.function.files())


def test_the_layers_are_the_tested_ones(built: Path, layer: Layer, small_layer: Layer) -> None:
    def sizes(folder: Path) -> dict[Path, int]:
        return {path.relative_to(folder): path.stat().st_size for path in archive.files(folder)}

    assert sizes(built / "DependenciesLayer") == sizes(layer.opt)
    assert sizes(built / "SmallLayer") == sizes(small_layer.opt)


def test_the_template_points_to_them(built: Path) -> None:
    resources = template.load(built / "template.yaml")["Resources"]
    for function in FUNCTIONS:
        assert (built / resources[function]["Properties"]["CodeUri"]).resolve() == built / function
    for name in LAYERS:
        assert (built / resources[name]["Properties"]["ContentUri"]).resolve() == built / name
