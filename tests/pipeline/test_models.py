"""Weights have the checksum of the table, or an error says what to do."""

import hashlib

import pytest

from pipeline.errors import BadOptions, ModelUnavailable
from pipeline.models import MODELS, named, read_weights


def test_the_rows_are_complete():
    for name, spec in MODELS.items():
        assert (name, len(spec.sha256)) == (spec.name, 64)
        assert spec.licence
        assert min(spec.std) > 0


def test_the_default_weights_are_those_that_rembg_publishes(weights):
    data = read_weights(named("u2netp"), weights)
    assert len(data) == named("u2netp").size
    assert hashlib.md5(data, usedforsecurity=False).hexdigest() == "8e83ca70e441ab06c318d82300c84806"


def test_an_unknown_name_gets_the_closest_or_lists_the_known():
    with pytest.raises(BadOptions, match=r"Unknown model 'zzz'\. Known: u2netp, u2net, "):
        named("zzz")
    with pytest.raises(BadOptions, match=r"Unknown model 'u3net'\. Did you mean u2net"):
        named("u3net")


def test_missing_weights_name_the_command(tmp_path):
    with pytest.raises(ModelUnavailable, match=r"weights u2netp"):
        read_weights(named("u2netp"), tmp_path)


def test_wrong_weights_name_both_sums(tmp_path):
    (tmp_path / "u2netp.onnx").write_bytes(b"x")
    with pytest.raises(ModelUnavailable) as caught:
        read_weights(named("u2netp"), tmp_path)
    assert hashlib.sha256(b"x").hexdigest() in str(caught.value)
    assert named("u2netp").sha256 in str(caught.value)
