"""Images for jobs."""

import io

import pytest
from PIL import Image


@pytest.fixture
def small(photo):
    """Another picture than `photo`, of the same subject."""
    buffer = io.BytesIO()
    Image.open(io.BytesIO(photo)).resize((128, 128)).save(buffer, "PNG")
    return buffer.getvalue()
