"""The function and the layer as they are deployed, under AWS's own runtime on Python 3.13."""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import pytest

from bench.lambda_runtime import Deployed, EmulatorMissing, LambdaRuntime, deploy, emulator
from bench.proxy import Fault, Proxy
from pipeline.options import Options
from pipeline.run import cut_out
from pipeline.segment import OnnxSegmenter
from tests.conftest import Layer
from tests.e2e.conftest import Site, check_whole

Start = Callable[..., LambdaRuntime]
POISON = b"\x89PNG\r\n\x1a\n" + bytes(64)


@pytest.fixture(scope="module")
def deployed(layer: Layer, tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    try:
        emulator()
    except EmulatorMissing as error:
        pytest.skip(str(error))
    return deploy(tmp_path_factory.mktemp("var") / "task", layer.opt, layer.tools, layer.interpreter)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def start(deployed: Deployed, site: Site, tmp_path: Path, log: Path) -> Iterator[Start]:
    """Starts a container of a handler for the site."""
    with ExitStack() as ending:

        def _start(handler: str, **variables: str) -> LambdaRuntime:
            temporary = tmp_path / "tmp"
            temporary.mkdir(exist_ok=True)
            runtime: AbstractContextManager[LambdaRuntime] = LambdaRuntime(
                deployed, handler, site.made, temporary, ending.enter_context(log.open("ab")), variables
            )
            return ending.enter_context(runtime)

        yield _start


def event(site: Site, key: str, put: dict[str, Any]) -> dict[str, Any]:
    """The event that S3 sends for an uploaded object."""
    item = {"key": key, "size": 1, "eTag": put["ETag"].strip('"'), "versionId": put["VersionId"], "sequencer": "1"}
    s3 = {"s3SchemaVersion": "1.0", "bucket": {"name": site.made.input_bucket}, "object": item}
    record = {"eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": s3}
    return {"Records": [record]}


def batch(*bodies: str) -> dict[str, Any]:
    """The event that Lambda makes of a queue's messages. Their ids are m0, m1, ..."""
    return {
        "Records": [
            {
                "messageId": f"m{i}",
                "receiptHandle": "r",
                "body": body,
                "attributes": {"ApproximateReceiveCount": "1"},
                "messageAttributes": {},
                "md5OfBody": hashlib.md5(body.encode(), usedforsecurity=False).hexdigest(),
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:hairline-Queue",
                "awsRegion": "us-east-1",
            }
            for i, body in enumerate(bodies)
        ]
    }


def files(*folders: Path) -> dict[str, tuple[int, int]]:
    return {
        str(path): (path.stat().st_mtime_ns, path.stat().st_size) for folder in folders for path in folder.rglob("*")
    }


def test_a_batch_succeeds_except_for_the_message_that_failed(
    start: Start, deployed: Deployed, site: Site, small: bytes, segmenter: OnnxSegmenter, tmp_path: Path, log: Path
) -> None:
    before = files(deployed.function, deployed.layer)
    busy, poison, good, foreign = (
        event(site, key, site.drop(key, data))
        for key, data in (("busy.png", small), ("poison.png", POISON), ("good.png", small), ("foreign.png", small))
    )
    foreign["Records"][0]["s3"]["bucket"]["name"] = "somebody-elses"
    faults = {"busy": Fault.BUSY}
    with Proxy(site.made.endpoint, lambda _, path: faults.get(Path(path.split("?")[0]).stem)) as proxy:
        runtime = start("handler.cutouts.app.on_queue", AWS_ENDPOINT_URL=proxy.endpoint)
        answer = runtime.call(batch(*map(json.dumps, (busy, poison, good, foreign))))
        assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}]}, log.read_text()
        assert not site.listing("busy.png/")
        assert [message["Body"] for message in site.dead()] == [json.dumps(foreign)]

        faults.clear()
        assert runtime.call(batch(json.dumps(busy))) == {"batchItemFailures": []}, log.read_text()

    assert site.report("poison.png")["reason"]["code"] == "corrupt_image"
    cutout = cut_out(small, segmenter, Options()).output.data
    assert [site.read(f"{name}.png/cutout.png") for name in ("good", "busy")] == [cutout, cutout]
    check_whole(site)
    assert files(deployed.function, deployed.layer) == before
    assert files(tmp_path / "tmp") == {}


def test_an_event_directly_from_s3(start: Start, site: Site, small: bytes, log: Path) -> None:
    runtime = start("handler.cutouts.app.on_s3")
    for key, data in (("page.jpg", b"<!DOCTYPE html>"), ("a b+c.png", small), ("second.png", small)):
        put = site.drop(key, data)
        assert runtime.call(event(site, key.replace("+", "%2B").replace(" ", "+"), put)) is None, log.read_text()
    assert site.report("page.jpg")["reason"]["code"] == "not_an_image"
    assert site.read("a b+c.png/cutout.png") == site.read("second.png/cutout.png")
    check_whole(site)
    assert "PermissionError" not in log.read_text()


def test_missing_weights_raise_an_error_that_names_the_folder_and_lose_nothing(
    start: Start, site: Site, small: bytes
) -> None:
    put = site.drop("a.png", small)
    answer = start("handler.cutouts.app.on_s3", HAIRLINE_MODEL_DIR="/nowhere").call(event(site, "a.png", put))
    assert answer["errorType"] == "ModelUnavailable"
    assert "/nowhere" in answer["errorMessage"]
    assert site.listing() == {}
    assert site.dead() == []


BUCKET = {"HAIRLINE_MODEL_DIR": "/nowhere", "HAIRLINE_MODEL_BUCKET": "weights"}


def test_weights_are_downloaded_from_a_bucket_once_for_a_container(
    start: Start, site: Site, small: bytes, segmenter: OnnxSegmenter, weights: Path, tmp_path: Path, log: Path
) -> None:
    site.s3.create_bucket(Bucket="weights")
    site.s3.put_object(Bucket="weights", Key="u2netp.onnx", Body=(weights / "u2netp.onnx").read_bytes())
    asked: list[str] = []
    with Proxy(site.made.endpoint, lambda method, path: asked.append(f"{method} {path.split('?')[0]}")) as proxy:
        for handler in (
            "handler.cutouts.app.on_queue",
            "handler.cutouts.app.on_s3",
        ):  # the second container has the first one's /tmp
            runtime = start(handler, AWS_ENDPOINT_URL=proxy.endpoint, **BUCKET)
            for key in ("a.png", "b.png"):
                sent = event(site, f"{handler}/{key}", site.drop(f"{handler}/{key}", small))
                answer = runtime.call(batch(json.dumps(sent)) if handler.endswith("queue") else sent)
                assert answer in ({"batchItemFailures": []}, None), log.read_text()
    assert asked.count("GET /weights/u2netp.onnx") == 1
    cutout = cut_out(small, segmenter, Options()).output.data
    assert site.read("handler.cutouts.app.on_queue/a.png/cutout.png") == cutout
    assert site.read("handler.cutouts.app.on_s3/b.png/cutout.png") == cutout
    assert {path.name for path in (tmp_path / "tmp").rglob("*") if path.is_file()} == {"u2netp.onnx", "lock"}
    check_whole(site)


def test_wrong_weights_in_the_bucket_are_rejected_and_no_image_is(start: Start, site: Site, small: bytes) -> None:
    site.s3.create_bucket(Bucket="weights")
    site.s3.put_object(Bucket="weights", Key="u2netp.onnx", Body=b"another network")
    put = site.drop("a.png", small)
    answer = start("handler.cutouts.app.on_queue", **BUCKET).call(batch(json.dumps(event(site, "a.png", put))))
    assert answer["errorType"] == "ModelUnavailable"
    assert "s3://weights/u2netp.onnx has 15 bytes" in answer["errorMessage"]
    assert (site.listing(), site.dead()) == ({}, [])
