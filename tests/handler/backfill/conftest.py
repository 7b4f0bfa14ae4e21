"""BackfillFunction as S3 Batch Operations calls it, on moto's S3 with the real network."""

import pytest

from handler.aws.bucket import S3Store
from handler.backfill import wiring
from handler.backfill.config import BackfillConfig
from pipeline.models import MODELS
from tests.handler.conftest import INPUT, OUTPUT


@pytest.fixture
def backfill_env():
    return {"HAIRLINE_INPUT_BUCKET": INPUT, "HAIRLINE_OUTPUT_BUCKET": OUTPUT}


@pytest.fixture
def backfill_deps(cloud, remembering, backfill_env, monkeypatch):
    deps = wiring.Deps(BackfillConfig.from_env(backfill_env), S3Store(cloud.s3), MODELS["u2netp"], remembering)
    monkeypatch.setattr(wiring, "deps", lambda: deps)
    return deps
