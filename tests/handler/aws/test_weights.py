"""Weights from a bucket: whole or not at all, once, and with a word on what has to be mended."""

import gc
import hashlib
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.stub import Stubber

from bench.proxy import Fault, Proxy
from handler import dispositions
from handler.aws import weights
from handler.config import ModelConfig
from handler.dispositions import Disposition
from handler.errors import BadConfig, StoreUnavailable
from handler.http import wiring
from handler.local.environment import client
from pipeline.errors import ModelUnavailable
from pipeline.models import DEFAULT_FOLDER, named, read_weights

# s3transfer drops an answer that broke off without closing its connection.
pytestmark = pytest.mark.filterwarnings("ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning")

BUCKET = "weights"
DATA = random.Random(0).randbytes(20_000_000)  # three parts of a download
SPEC = replace(named("isnet"), name="large", file="large.onnx", sha256=hashlib.sha256(DATA).hexdigest(), size=len(DATA))


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
    """boto3's client of an S3 in whose bucket the weights lie."""
    s3 = client("s3", endpoint)
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key=SPEC.file, Body=DATA)
    return s3


@pytest.fixture
def network(tmp_path):
    """What the layer lacks."""
    (tmp_path / "opt").mkdir()
    return ModelConfig(SPEC, tmp_path / "opt", BUCKET)


CLIENTS: list[Any] = []


@pytest.fixture(autouse=True)
def _closed():
    yield
    while CLIENTS:
        CLIENTS.pop().close()
    gc.collect()


def impatient(endpoint, attempts=1):
    retries = {"total_max_attempts": attempts, "mode": "standard"}
    s3 = boto3.client("s3", endpoint_url=endpoint, config=Config(retries=retries, read_timeout=20))
    CLIENTS.append(s3)
    return s3


def left_in(folder):
    return {path.name for path in folder.rglob("*") if path.is_file()}


def test_what_the_layer_has_is_not_asked_for():
    assert weights.ensure_weights(ModelConfig(named("u2netp"), DEFAULT_FOLDER, BUCKET), None) == DEFAULT_FOLDER


def test_they_are_brought_once(endpoint, bucket, network, temporary):
    asked = Counter()
    with Proxy(endpoint, lambda method, _: asked.update([method])) as proxy:
        folder = weights.ensure_weights(network, impatient(proxy.endpoint))
        assert asked["GET"] == 3
        assert read_weights(SPEC, folder) == DATA
        asked.clear()
        assert weights.ensure_weights(network, impatient(proxy.endpoint)) == folder
        assert not asked
    assert left_in(temporary) == {SPEC.file, "lock"}


def test_two_at_once_bring_them_once(endpoint, bucket, network):
    asked = Counter()
    with Proxy(endpoint, lambda method, _: asked.update([method])) as proxy, ThreadPoolExecutor() as pool:
        s3 = impatient(proxy.endpoint)
        folders = list(pool.map(lambda _: weights.ensure_weights(network, s3), range(3)))
    assert read_weights(SPEC, folders[0]) == DATA
    assert asked["GET"] == 3


def test_of_two_networks_the_layers_own_is_not_brought(bucket, network):
    shutil.copy(DEFAULT_FOLDER / "u2netp.onnx", network.folder)
    both = replace(named("auto"), stronger=SPEC)
    for _ in range(2):
        folder = weights.ensure_weights(replace(network, model=both), bucket)
        assert read_weights(both, folder) == read_weights(both, DEFAULT_FOLDER)
        assert read_weights(SPEC, folder) == DATA


@pytest.mark.parametrize("fault", [Fault.BUSY, Fault.RESET, Fault.CUT_SHORT])
def test_a_connection_that_breaks_is_tried_again(endpoint, bucket, network, fault):
    faults = {"GET": [fault, fault]}
    with Proxy(endpoint, lambda method, _: faults[method].pop() if faults.get(method) else None) as proxy:
        folder = weights.ensure_weights(network, impatient(proxy.endpoint, attempts=3))
    assert not faults["GET"]
    assert read_weights(SPEC, folder) == DATA


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_one_that_stays_broken_is_no_fault_of_the_deployment(endpoint, bucket, network, temporary, method, fault):
    if (method, fault) == ("HEAD", Fault.CUT_SHORT):
        pytest.skip("an answer without a body has no half")
    with (
        Proxy(endpoint, lambda asked, _: fault if asked == method else None) as proxy,
        pytest.raises(StoreUnavailable, match=f"s3://{BUCKET}/{SPEC.file}") as raised,
    ):
        weights.ensure_weights(network, impatient(proxy.endpoint))
    assert dispositions.of(raised.value).disposition == Disposition.RETRY
    assert left_in(temporary) == {"lock"}
    assert read_weights(SPEC, weights.ensure_weights(network, bucket)) == DATA


KILLED = """
import sys
from pathlib import Path
from tests.handler.aws.test_weights import BUCKET, SPEC, impatient
from handler.aws import weights
from handler.config import ModelConfig
weights.ensure_weights(ModelConfig(SPEC, Path(sys.argv[1]), BUCKET), impatient(sys.argv[2]))
"""


@pytest.mark.slow
def test_a_container_that_is_killed_in_the_middle_leaves_nothing_that_is_taken_for_whole(
    endpoint, bucket, network, temporary
):
    asked, go_on = Counter(), threading.Event()

    def stall(method, _):
        asked.update([method])
        if asked["GET"] == 3:
            go_on.wait(30)

    with Proxy(endpoint, stall) as proxy:
        child = subprocess.Popen([sys.executable, "-c", KILLED, str(network.folder), proxy.endpoint])
        part = temporary / "hairline-models" / f"{SPEC.file}.part"
        while not (part.exists() and part.stat().st_size) and child.poll() is None:
            go_on.wait(0.05)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        go_on.set()
    assert left_in(temporary) == {part.name, "lock"}
    assert read_weights(SPEC, weights.ensure_weights(network, bucket)) == DATA
    assert left_in(temporary) == {SPEC.file, "lock"}


def test_what_was_torn_in_the_folder_is_brought_anew(bucket, network):
    folder = weights.ensure_weights(network, bucket)
    (folder / SPEC.file).write_bytes(DATA[:-1])
    assert read_weights(SPEC, weights.ensure_weights(network, bucket)) == DATA


def refused(network, s3, temporary):
    """What is said, where the deployment is at fault."""
    with pytest.raises(ModelUnavailable) as raised:
        weights.ensure_weights(network, s3)
    assert dispositions.of(raised.value).disposition == Disposition.RETRY  # no picture is blamed
    assert left_in(temporary) <= {"lock"}
    return str(raised.value)


@pytest.mark.parametrize("data", [b"<html>", DATA[:-1] + b"?", DATA + b"?"], ids=["page", "one byte", "longer"])
def test_other_bytes_are_refused(endpoint, bucket, network, temporary, data):
    bucket.put_object(Bucket=BUCKET, Key=SPEC.file, Body=data)
    asked = Counter()
    with Proxy(endpoint, lambda method, _: asked.update([method])) as proxy:
        said = refused(network, impatient(proxy.endpoint), temporary)
    assert f"s3://{BUCKET}/{SPEC.file} has {len(data):,} bytes" in said
    assert SPEC.sha256 in said
    assert bool(asked["GET"]) == (len(data) == SPEC.size)  # what has another length is not even fetched


def test_weights_that_are_not_there_are_named(bucket, network, temporary):
    bucket.delete_object(Bucket=BUCKET, Key=SPEC.file)
    assert f"s3://{BUCKET}/{SPEC.file} does not exist" in refused(network, bucket, temporary)
    assert "s3://nowhere/" in refused(replace(network, bucket="nowhere"), bucket, temporary)
    assert "ModelBucket" in (said := refused(replace(network, bucket=None), bucket, temporary))
    assert SPEC.file in said


def test_a_role_that_may_not_read_them_is_told_so(endpoint, network, temporary):
    s3 = impatient(endpoint)
    with Stubber(s3) as stub:
        stub.add_client_error("head_object", "403", "Forbidden", 403)
        assert "may not read it (403)" in refused(network, s3, temporary)


def test_no_room_is_seen_before_anything_is_asked(network, temporary, monkeypatch):
    usage = shutil.disk_usage(temporary)._replace(free=SPEC.size - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    assert "EphemeralStorage" in refused(network, None, temporary)


def test_room_that_runs_out_on_the_way(bucket, network, temporary):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (SPEC.size // 2, hard))
    try:
        assert "EphemeralStorage" in refused(network, bucket, temporary)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def http(endpoint, bucket, tmp_path, monkeypatch):
    """The wiring of the HTTP API's functions in a new container, with u2netp in the bucket alone."""
    bucket.upload_file(str(DEFAULT_FOLDER / "u2netp.onnx"), BUCKET, "u2netp.onnx")
    settings = {"INPUT_BUCKET": "in", "OUTPUT_BUCKET": "out", "STATE_BUCKET": "state", "MODEL_BUCKET": BUCKET}
    for name, value in {**settings, "MODEL_DIR": str(tmp_path / "nowhere")}.items():
        monkeypatch.setenv(f"HAIRLINE_{name}", value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    for cached in (wiring.deps, wiring.segmenter):
        cached.cache_clear()
    yield wiring
    for cached in (wiring.deps, wiring.segmenter):
        cached.cache_clear()


def test_the_function_that_answers_by_http_brings_them_too(http, temporary):
    assert http.segmenter().spec == named("u2netp")
    assert left_in(temporary) == {"u2netp.onnx", "lock"}


def test_a_model_that_there_is_not_is_the_deployments_fault_and_not_the_senders(http, monkeypatch):
    monkeypatch.setenv("HAIRLINE_MODEL", "u3net")
    with pytest.raises(BadConfig, match=r"HAIRLINE_MODEL.*u3net"):
        http.segmenter()
