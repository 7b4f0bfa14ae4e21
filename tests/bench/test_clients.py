"""The outcomes of clients in the table. The clients themselves run in `python -m bench.clients`."""

import io
import sys

import numpy as np
import pytest
from PIL import Image

from bench.clients.__main__ import described, outcome, photograph
from pipeline.encode import encode
from pipeline.types import Canvas

PHOTO = photograph(0.1)
COPY = "import shutil; shutil.copy('photo.jpg', 'no-bg')"


def run(code, tmp_path):
    return outcome([sys.executable, "-c", code], PHOTO, tmp_path)


def test_an_image_is_described_by_format_and_size():
    with Image.open(io.BytesIO(PHOTO)) as image:
        rgb = Canvas(rgb=np.asarray(image), alpha=None)
    assert described(PHOTO).startswith("JPEG, 0.1 MP")
    assert described(encode(rgb, format="zip").data).startswith("ZIP, 0.1 MP")


def test_a_client_that_writes_an_image_succeeds(tmp_path):
    assert run(COPY, tmp_path) == (True, described(PHOTO))
    assert run(f"{COPY}; raise SystemExit(1)", tmp_path) == (False, described(PHOTO))


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("""open("no-bg", "w").write('{"errors": [{"title": "T", "code": "takes_too_long"}]}')""", "takes_too_long"),
        ("""print("[{ title: 'T', code: 'result_too_large' }]")""", "result_too_large"),
        ("""raise SystemExit("Error: 400")""", "Error: 400"),
        ("""raise SystemExit(3)""", "exit status 3, no file"),
    ],
)
def test_a_client_that_writes_no_image_fails_with_its_output(tmp_path, code, said):
    assert run(code, tmp_path) == (False, said)
