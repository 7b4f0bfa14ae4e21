"""Weights from a bucket: downloaded once and completely, or an error that says what to fix."""

import gc
import os
import resource
import shutil
import signal
import subprocess
import sys
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
from handler.errors import StoreUnavailable
from pipeline.errors import ModelUnavailable
from pipeline.models import DEFAULT_FOLDER, MODELS, named, read_weights
from tests.handler.aws.large_model import BUCKET, DATA, SPEC, left_in

# s3transfer drops an answer that broke off without closing its connection.
pytestmark = pytest.mark.filterwarnings("ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(autouse=True)
def _known(monkeypatch):
    monkeypatch.setitem(MODELS, SPEC.name, SPEC)


@pytest.fixture
def network(tmp_path):
    """A model whose weights the layer does not contain."""
    (tmp_path / "opt").mkdir()
    return ModelConfig(SPEC.name, tmp_path / "opt", BUCKET)


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


def test_weights_in_the_layer_are_not_downloaded():
    config = ModelConfig("u2netp", DEFAULT_FOLDER, BUCKET)
    assert weights.ensure_weights(config, None) == (named("u2netp"), DEFAULT_FOLDER)


def test_weights_are_downloaded_once(endpoint, bucket, network, temporary):
    asked = Counter()
    with Proxy(endpoint, lambda method, _: asked.update([method])) as proxy:
        _, folder = weights.ensure_weights(network, impatient(proxy.endpoint))
        assert asked["GET"] == 3
        assert read_weights(SPEC, folder) == DATA
        asked.clear()
        assert weights.ensure_weights(network, impatient(proxy.endpoint)) == (SPEC, folder)
        assert not asked
    assert left_in(temporary) == {SPEC.file, "lock"}


def test_several_at_once_download_them_once(endpoint, bucket, network):
    asked = Counter()
    with Proxy(endpoint, lambda method, _: asked.update([method])) as proxy, ThreadPoolExecutor() as pool:
        s3 = impatient(proxy.endpoint)
        found = list(pool.map(lambda _: weights.ensure_weights(network, s3), range(3)))
    assert read_weights(*found[0]) == DATA
    assert asked["GET"] == 3


def test_of_two_models_only_the_missing_one_is_downloaded(bucket, network):
    shutil.copy(DEFAULT_FOLDER / "u2netp.onnx", network.folder)
    for _ in range(2):
        both, folder = weights.ensure_weights(replace(network, name="u2netp+large"), bucket)
        assert both == replace(named("u2netp"), stronger=SPEC)
        assert read_weights(both, folder) == read_weights(both, DEFAULT_FOLDER)
        assert read_weights(SPEC, folder) == DATA


@pytest.mark.parametrize("fault", [Fault.BUSY, Fault.RESET, Fault.CUT_SHORT])
def test_a_broken_connection_is_retried(endpoint, bucket, network, fault):
    faults = {"GET": [fault, fault]}
    with Proxy(endpoint, lambda method, _: faults[method].pop() if faults.get(method) else None) as proxy:
        _, folder = weights.ensure_weights(network, impatient(proxy.endpoint, attempts=3))
    assert not faults["GET"]
    assert read_weights(SPEC, folder) == DATA


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_a_connection_that_stays_broken_is_a_failure_of_s3(endpoint, bucket, network, temporary, method, fault):
    if (method, fault) == ("HEAD", Fault.CUT_SHORT):
        pytest.skip("an answer without a body has no half")
    with (
        Proxy(endpoint, lambda asked, _: fault if asked == method else None) as proxy,
        pytest.raises(StoreUnavailable, match=f"s3://{BUCKET}/{SPEC.file}") as raised,
    ):
        weights.ensure_weights(network, impatient(proxy.endpoint))
    assert dispositions.of(raised.value).disposition == Disposition.RETRY
    assert left_in(temporary) == {"lock"}
    assert read_weights(*weights.ensure_weights(network, bucket)) == DATA


KILLED = """
import sys
from pathlib import Path
from tests.handler.aws.large_model import BUCKET, SPEC
from tests.handler.aws.test_weights import impatient
from handler.aws import weights
from handler.config import ModelConfig
from pipeline.models import MODELS
MODELS[SPEC.name] = SPEC
weights.ensure_weights(ModelConfig(SPEC.name, Path(sys.argv[1]), BUCKET), impatient(sys.argv[2]))
"""


@pytest.mark.slow
def test_a_container_killed_during_the_download_leaves_no_incomplete_weights(endpoint, bucket, network, temporary):
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
    assert read_weights(*weights.ensure_weights(network, bucket)) == DATA
    assert left_in(temporary) == {SPEC.file, "lock"}


def test_damaged_weights_are_downloaded_again(bucket, network):
    _, folder = weights.ensure_weights(network, bucket)
    (folder / SPEC.file).write_bytes(DATA[:-1])
    assert read_weights(*weights.ensure_weights(network, bucket)) == DATA


def message_of_fault(network, s3, temporary):
    """The message of a fault of the deployment."""
    with pytest.raises(ModelUnavailable) as raised:
        weights.ensure_weights(network, s3)
    assert dispositions.of(raised.value).disposition == Disposition.RETRY  # the image is not rejected
    assert left_in(temporary) <= {"lock"}
    return str(raised.value)


@pytest.mark.parametrize("data", [b"<html>", DATA[:-1] + b"?", DATA + b"?"], ids=["page", "one byte", "longer"])
def test_other_bytes_are_rejected(endpoint, bucket, network, temporary, data):
    bucket.put_object(Bucket=BUCKET, Key=SPEC.file, Body=data)
    asked = Counter()
    with Proxy(endpoint, lambda method, _: asked.update([method])) as proxy:
        message = message_of_fault(network, impatient(proxy.endpoint), temporary)
    assert f"s3://{BUCKET}/{SPEC.file} has {len(data):,} bytes" in message
    assert SPEC.sha256 in message
    assert bool(asked["GET"]) == (len(data) == SPEC.size)  # a file of another size is not even downloaded


def test_missing_weights_are_named(bucket, network, temporary):
    bucket.delete_object(Bucket=BUCKET, Key=SPEC.file)
    assert f"s3://{BUCKET}/{SPEC.file} does not exist" in message_of_fault(network, bucket, temporary)
    assert "s3://nowhere/" in message_of_fault(replace(network, bucket="nowhere"), bucket, temporary)
    assert "ModelBucket" in (message := message_of_fault(replace(network, bucket=None), bucket, temporary))
    assert SPEC.file in message


def test_an_access_denied_error_names_the_role(endpoint, network, temporary):
    s3 = impatient(endpoint)
    with Stubber(s3) as stub:
        stub.add_client_error("head_object", "403", "Forbidden", 403)
        assert "may not read it (403)" in message_of_fault(network, s3, temporary)


def test_a_full_disk_is_noticed_before_the_download(network, temporary, monkeypatch):
    usage = shutil.disk_usage(temporary)._replace(free=SPEC.size - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    assert "EphemeralStorage" in message_of_fault(network, None, temporary)


def test_a_disk_that_fills_up_during_the_download_is_named(bucket, network, temporary):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (SPEC.size // 2, hard))
    try:
        assert "EphemeralStorage" in message_of_fault(network, bucket, temporary)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_auto_takes_the_first_stronger_model_that_the_bucket_has(bucket, network, monkeypatch):
    for name in ("isnet", "birefnet-general-lite"):
        monkeypatch.setitem(MODELS, name, replace(SPEC, name=name, file=f"{name}.onnx"))
    shutil.copy(DEFAULT_FOLDER / "u2netp.onnx", network.folder)
    with pytest.raises(ModelUnavailable, match="one of isnet-general-use, birefnet-general-lite, isnet"):
        weights.ensure_weights(replace(network, name="auto"), bucket)
    for name in ("isnet", "birefnet-general-lite"):
        bucket.put_object(Bucket=BUCKET, Key=f"{name}.onnx", Body=DATA)
        both, _ = weights.ensure_weights(replace(network, name="auto"), bucket)
        assert [part.name for part in both.parts] == ["u2netp", name]
