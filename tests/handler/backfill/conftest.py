"""BackfillFunction as S3 Batch Operations calls it, on moto's S3 with the real network."""

import json

import pytest

from handler.aws.bucket import S3Store
from handler.backfill import wiring
from handler.backfill.config import BackfillConfig
from pipeline.models import MODELS
from tests.handler.backfill.batch_operations import JOB, LOST, STATE, SUCCEEDED
from tests.handler.conftest import INPUT, OUTPUT


@pytest.fixture
def backfill_env():
    return {"HAIRLINE_INPUT_BUCKET": INPUT, "HAIRLINE_OUTPUT_BUCKET": OUTPUT}


@pytest.fixture
def backfill_deps(cloud, remembering, backfill_env, monkeypatch):
    deps = wiring.Deps(BackfillConfig.from_env(backfill_env), S3Store(cloud.s3), MODELS["u2netp"], remembering)
    monkeypatch.setattr(wiring, "deps", lambda: deps)
    return deps


@pytest.fixture
def state(cloud):
    cloud.s3.create_bucket(Bucket=STATE)
    folder = f"backfills/job-{JOB}"
    results = [
        {"TaskExecutionStatus": status, "Bucket": STATE, "MD5Checksum": "x", "Key": f"{folder}/results/{status}.csv"}
        for status in ("succeeded", "failed")
    ]
    files = {
        f"{folder}/results/succeeded.csv": SUCCEEDED,
        f"{folder}/results/failed.csv": LOST,
        f"{folder}/manifest.json": json.dumps({"Format": "Report_CSV_20180820", "Results": results}),
    }
    for key, text in files.items():
        cloud.s3.put_object(Bucket=STATE, Key=key, Body=text.encode())
    return S3Store(cloud.s3)
