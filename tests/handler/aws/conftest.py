"""A container's temporary folder, and a bucket with weights."""

import tempfile

import pytest

from handler.local.environment import client
from tests.handler.aws.large_model import BUCKET, DATA, SPEC


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """The temporary folder of a container."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


@pytest.fixture
def bucket(endpoint, temporary):
    """A client of an S3 whose bucket contains the weights."""
    s3 = client("s3", endpoint)
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key=SPEC.file, Body=DATA)
    return s3
