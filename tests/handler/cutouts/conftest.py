"""Images for jobs, and the environment of the functions."""

import io

import pytest
from PIL import Image

from handler.cutouts import wiring


@pytest.fixture
def small(photo):
    """Another picture than `photo`, of the same subject."""
    buffer = io.BytesIO()
    Image.open(io.BytesIO(photo)).resize((128, 128)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def wired(cloud, monkeypatch):
    """The environment of the functions; what an earlier test had built from another one is forgotten."""
    for name, value in cloud.env().items():
        monkeypatch.setenv(name, value)
    caches = (wiring.deps, wiring.failure_deps, wiring.visibility)
    for each in caches:
        each.cache_clear()
    yield cloud
    for each in caches:
        each.cache_clear()
