"""Fixtures for all tests: the real weights, the real model, and photographs from scikit-image."""

import io
import os
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import skimage
from PIL import Image

from handler.local.emulator import emulator
from handler.local.environment import sealed
from layers import build
from layers.target import Target
from layers.tools import ToolMissing, python
from pipeline.models import DEFAULT_FOLDER, named
from pipeline.segment import OnnxSegmenter

_PHOTOS = Path(skimage.__file__).parent / "data"


SLOW_FIXTURES = {"_emulator", "site", "layer", "small_layer"}
"""The emulator's server, the local HTTP API and the built layer. All of these start processes."""
SLOW_FOLDER = Path(__file__).parent / "e2e"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests as slow by the fixtures that they use. A test that starts processes itself has `pytest.mark.slow`."""
    for item in items:
        if SLOW_FIXTURES.intersection(getattr(item, "fixturenames", ())) or SLOW_FOLDER in item.path.parents:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def weights() -> Path:
    """The folder of the weights, which `make setup` downloads."""
    assert (DEFAULT_FOLDER / "u2netp.onnx").exists(), "the weights of u2netp are missing: run `make weights`"
    return DEFAULT_FOLDER


@pytest.fixture(scope="session")
def segmenter(weights: Path) -> OnnxSegmenter:
    return OnnxSegmenter(named("u2netp"), weights)


@pytest.fixture(scope="session")
def photos() -> Path:
    """The folder of scikit-image's photographs, public domain or CC0: astronaut.png, chelsea.png, coffee.png, ..."""
    return _PHOTOS


@pytest.fixture(scope="session")
def photo() -> bytes:
    """A portrait as a JPEG of 256 x 256 pixels: small, so that a cutout takes a fraction of a second."""
    buffer = io.BytesIO()
    Image.open(_PHOTOS / "astronaut.png").convert("RGB").resize((256, 256)).save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


@pytest.fixture(scope="session")
def _emulator() -> Iterator[str]:
    with emulator() as endpoint:
        yield endpoint


@pytest.fixture
def endpoint(_emulator: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty emulator of S3 and SQS, in an environment from which no real account can be reached."""
    clean = sealed(os.environ)
    for name in os.environ.keys() - clean.keys():
        monkeypatch.delenv(name)
    for name, value in clean.items():
        monkeypatch.setenv(name, value)
    urllib.request.urlopen(urllib.request.Request(f"{_emulator}/moto-api/reset", method="POST")).close()
    return _emulator


class Layer(NamedTuple):
    """opt: the unzipped layer, as Lambda mounts it at /opt. tools: pytest, awslambdaric. interpreter: its Python."""

    opt: Path
    tools: Path
    interpreter: Path


@pytest.fixture(scope="session")
def layer(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Layer:
    """DependenciesLayer for this machine, unzipped. Builds it if it is not up to date."""
    return _unzipped("DependenciesLayer", tmp_path_factory.mktemp("opt"))


@pytest.fixture(scope="session")
def small_layer(tmp_path_factory: pytest.TempPathFactory) -> Layer:
    """SmallLayer, likewise. It has no tools."""
    return _unzipped("SmallLayer", tmp_path_factory.mktemp("opt"))


def _unzipped(name: str, opt: Path) -> Layer:
    target = Target()
    try:
        home, interpreter = build.build(name, target), python(target)
    except ToolMissing as error:
        pytest.skip(f"the layer cannot be built here: {error}")
    with zipfile.ZipFile(home / "layer.zip") as archive:
        archive.extractall(opt)
    for path in opt.rglob("*"):
        path.chmod(0o555 if path.is_dir() or path.suffix == ".so" else 0o444)
    return Layer(opt, home / "tools", interpreter)
