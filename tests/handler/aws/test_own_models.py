"""Models of the bucket in the functions of the HTTP API: known ones, unknown ones and your own."""

import json

import numpy as np
import pytest

from handler import dispositions
from handler.dispositions import Disposition
from handler.errors import BadConfig
from handler.http import wiring
from pipeline.errors import ModelUnavailable
from pipeline.models import DEFAULT_FOLDER, named
from pipeline.types import Picture
from tests.handler.aws.large_model import BUCKET, left_in


@pytest.fixture
def http(endpoint, bucket, tmp_path, monkeypatch):
    """The wiring of the HTTP API's functions in a new container, with u2netp in the bucket alone."""
    bucket.upload_file(str(DEFAULT_FOLDER / "u2netp.onnx"), BUCKET, "u2netp.onnx")
    settings = {"INPUT_BUCKET": "in", "OUTPUT_BUCKET": "out", "STATE_BUCKET": "state", "MODEL_BUCKET": BUCKET}
    for name, value in {**settings, "MODEL_DIR": str(tmp_path / "nowhere")}.items():
        monkeypatch.setenv(f"HAIRLINE_{name}", value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    for cached in (wiring.cutouts, wiring.segmenter):
        cached.cache_clear()
    yield wiring
    for cached in (wiring.cutouts, wiring.segmenter):
        cached.cache_clear()


def test_the_http_api_downloads_weights_too(http, temporary):
    assert http.segmenter().spec == named("u2netp")
    assert left_in(temporary) == {"u2netp.onnx", "lock"}


@pytest.mark.parametrize(("name", "error"), [("u3net", ModelUnavailable), ("u2net/", BadConfig)])
def test_an_unknown_model_is_the_deployments_fault_and_not_the_clients(http, monkeypatch, name, error):
    monkeypatch.setenv("HAIRLINE_MODEL", name)
    with pytest.raises(error, match=rf"HAIRLINE_MODEL.*{name}"):
        http.segmenter()


@pytest.fixture
def own(bucket):
    """A model of your own in the bucket: u2netp's weights under another name."""
    row = {"file": "mine.onnx", "licence": "ours", "side": 320, "sha256": named("u2netp").sha256}
    row |= {"mean": named("u2netp").mean, "std": named("u2netp").std}
    bucket.put_object(Bucket=BUCKET, Key="mine.json", Body=json.dumps(row).encode())
    bucket.upload_file(str(DEFAULT_FOLDER / "u2netp.onnx"), BUCKET, "mine.onnx")
    return row


@pytest.mark.parametrize(
    ("name", "parts"),
    [("mine", ["mine"]), ("u2netp+mine", ["u2netp", "mine"]), ("mine+u2netp", ["mine", "u2netp"])],
)
def test_a_model_of_your_own_comes_from_the_bucket_with_its_row(http, own, monkeypatch, temporary, name, parts):
    monkeypatch.setenv("HAIRLINE_MODEL", name)
    opened = http.segmenter()
    assert opened.segment(Picture(np.full((40, 50, 3), 90, np.uint8))).spec.name in parts
    assert left_in(temporary) == {f"{part}.onnx" for part in parts} | {"lock"}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (b"{", "mine.json is not JSON"),
        (b'{"file": "mine.onnx"}', "lacks the key 'sha256'"),
        (b"[]" * 99_999, "not JSON"),
    ],
)
def test_a_bad_row_in_the_bucket_is_the_deployments_fault(http, own, monkeypatch, bucket, row, message):
    bucket.put_object(Bucket=BUCKET, Key="mine.json", Body=row)
    monkeypatch.setenv("HAIRLINE_MODEL", "mine")
    with pytest.raises(ModelUnavailable, match=message) as raised:
        http.segmenter()
    assert dispositions.of(raised.value).disposition == Disposition.RETRY


def test_other_weights_than_the_row_names_are_not_used(http, own, monkeypatch, bucket):
    bucket.put_object(Bucket=BUCKET, Key="mine.onnx", Body=b"others")
    monkeypatch.setenv("HAIRLINE_MODEL", "mine")
    with pytest.raises(ModelUnavailable, match=r"6 bytes and is not the file that mine needs.*Correct the row"):
        http.segmenter()
