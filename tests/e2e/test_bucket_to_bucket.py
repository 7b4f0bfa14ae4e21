"""An image uploaded to a bucket becomes a cutout in another: S3, queue, function, pipeline, S3."""

import io
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from handler.cutouts import app, retries, wiring
from handler.local.poller import Poller
from tests.e2e.conftest import Site, check_whole

HTML = b"<!DOCTYPE html><html><body>404</body></html>"


def names(site: Site, key: str) -> set[str]:
    return {name.removeprefix(f"{key}/") for name in site.listing(f"{key}/")}


def s3_event(site: Site, key: str, version: str, sequencer: str) -> str:
    """An event as S3 writes it for a bucket with versions."""
    item = {"key": key, "size": 1, "eTag": "x", "versionId": version, "sequencer": sequencer}
    bucket = {"name": site.made.input_bucket, "arn": f"arn:aws:s3:::{site.made.input_bucket}"}
    s3 = {"s3SchemaVersion": "1.0", "configurationId": "c", "bucket": bucket, "object": item}
    record = {"eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": s3}
    return json.dumps({"Records": [record]})


@pytest.fixture(params=[True, False], ids=["versioned", "unversioned"])
def either(request: pytest.FixtureRequest, build: Callable[..., Site]) -> Site:
    return build(versioned=request.param)


def test_an_image_becomes_a_cutout_a_matte_and_a_report(either: Site, photo: bytes) -> None:
    either.drop("products/shoe.jpg", photo)
    either.settle()

    assert names(either, "products/shoe.jpg") == {"cutout.png", "alpha.png", "report.json"}
    cutout = np.asarray(Image.open(io.BytesIO(either.read("products/shoe.jpg/cutout.png"))))
    alpha = np.asarray(Image.open(io.BytesIO(either.read("products/shoe.jpg/alpha.png"))))
    source = np.asarray(Image.open(io.BytesIO(photo)))
    assert cutout.shape == (256, 256, 4)
    assert np.array_equal(cutout[..., 3], alpha)
    assert alpha[60, 115] == 255  # her face
    assert alpha[10, 10] == 0  # the wall behind her
    assert np.array_equal(cutout[60, 115, :3], source[60, 115])
    assert np.ptp(alpha) == 255
    assert ((alpha > 0) & (alpha < 255)).any()
    assert either.report("products/shoe.jpg")["status"] == "done"
    check_whole(either)

    assert either.waiting() == 0
    assert either.dead() == []
    listed = either.s3.list_objects_v2(Bucket=either.made.input_bucket)["Contents"]
    assert [item["Key"] for item in listed] == ["products/shoe.jpg"]  # nothing was written to the input bucket
    head = either.s3.head_object(Bucket=either.made.output_bucket, Key="products/shoe.jpg/cutout.png")
    assert head["ContentType"] == "image/png"


def test_keys_of_every_kind(site: Site) -> None:
    keys = [
        "a b.jpg", "a+b.jpg", "100%.jpg", "%41.jpg", "a%2Bb c+d.jpg", "\u00fc/\u65e5\u672c.jpg", "\U0001f600.png",
        "e\u0301.jpg", "a//b.jpg", "a&b=c?d#e.jpg", " x .jpg", "no-ending", "it's \"<q>\".jpg", "a\\b.jpg",
        "report.json", "a,b;c@d!$(e)*~.jpg", "x/y/z/w.tar.gz",
    ]  # fmt: skip
    for key in keys:
        site.drop(key, HTML)
    site.settle()
    for key in keys:
        report = site.report(key)
        assert report["object"]["key"] == key
        assert report["reason"]["code"] == "not_an_image"
    assert len(site.listing()) == len(keys)
    assert site.waiting() == 0
    assert site.dead() == []


def test_a_rejected_image_gets_only_a_report(site: Site) -> None:
    site.drop("page.jpg", HTML)
    site.drop("cut-short.png", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")
    site.settle()
    for key in ("page.jpg", "cut-short.png"):
        assert names(site, key) == {"report.json"}
        report = site.report(key)
        assert report["status"] == "rejected"
        assert report["reason"]["message"]
    assert site.waiting() == 0
    assert site.dead() == []


def test_empty_objects_and_folders_leave_nothing(site: Site) -> None:
    site.drop("empty.jpg", b"")
    site.drop("folder/", b"")
    site.settle()
    assert site.listing() == {}
    assert site.waiting() == 0


def test_an_objects_metadata_sets_its_options(site: Site, small: bytes) -> None:
    site.drop("a.png", small, Metadata={"hairline": '{"format": "webp", "stages": ["trimap"]}'})
    site.drop("b.png", small, Metadata={"hairline": '{"fromat": "webp"}'})
    site.settle()
    assert names(site, "a.png") == {"cutout.webp", "alpha.png", "trimap.png", "report.json"}
    assert names(site, "b.png") == {"report.json"}
    assert "fromat" in site.report("b.png")["reason"]["message"]

    site.drop("a.png", small)  # the same image without options: the files of those options are deleted
    site.settle()
    assert names(site, "a.png") == {"cutout.png", "alpha.png", "report.json"}
    check_whole(site)


def test_repeated_events_change_nothing(either: Site, small: bytes) -> None:
    version = either.drop("a.png", small).get("VersionId", "null")
    either.drop("bad.png", HTML)
    either.settle()
    before = either.listing()
    assert len(before) == 4
    for _ in range(3):
        either.send(s3_event(either, "a.png", version, "0055AED6DCD90281E5"))
        either.send(s3_event(either, "bad.png", version, "0055AED6DCD90281E5"))
    either.settle()
    assert either.listing() == before  # the same ETags and times
    assert either.waiting() == 0


def test_the_newest_image_wins(either: Site, photo: bytes, small: bytes) -> None:
    old = either.drop("a.png", photo).get("VersionId", "null")
    new = either.drop("a.png", small).get("VersionId", "null")
    either.settle()
    assert either.report("a.png")["source"]["width"] == 96
    before = either.listing()
    either.send(s3_event(either, "a.png", new, "0066"))
    either.send(s3_event(either, "a.png", old, "0055"))  # late, after the event of the newer image
    either.settle()
    assert either.listing() == before
    check_whole(either)


def test_a_rejected_successor_deletes_the_old_cutout(either: Site, small: bytes) -> None:
    either.drop("a.png", small)
    either.settle()
    either.drop("a.png", HTML)
    either.settle()
    assert names(either, "a.png") == {"report.json"}
    either.drop("a.png", small)
    either.settle()
    assert names(either, "a.png") == {"report.json", "cutout.png", "alpha.png"}
    check_whole(either)


def test_a_deleted_object_is_ignored(either: Site, small: bytes) -> None:
    either.drop("a.png", small)
    either.s3.delete_object(Bucket=either.made.input_bucket, Key="a.png")
    either.settle()
    assert either.listing() == {}
    assert either.waiting() == 0
    assert either.dead() == []


def test_the_outputs_are_deleted_with_their_image_if_the_deployment_says_so(
    build: Callable[..., Site], small: bytes
) -> None:
    site = build(parameters={"DeleteOutputs": "on"}, versioned=False)  # moto announces no delete markers
    for key in ("a.png", "b.png", "c.png"):
        site.drop(key, small)
    site.settle()
    for key in ("a.png", "b.png"):
        site.s3.delete_object(Bucket=site.made.input_bucket, Key=key)
    site.drop("b.png", small)  # put again before the deletion's event is processed
    site.settle()
    assert names(site, "a.png") == set()
    assert names(site, "b.png") == names(site, "c.png") == {"report.json", "cutout.png", "alpha.png"}
    check_whole(site)
    assert (site.waiting(), site.dead()) == (0, [])


@pytest.mark.parametrize("body", ["not json", "[]", '{"Records": [{"eventSource": "aws:sns"}]}', '{"Records": 1}'])
def test_a_message_that_is_not_an_event_goes_to_the_dead_letter_queue_with_the_reason(
    site: Site, small: bytes, body: str
) -> None:
    site.send(body)
    site.drop("a.png", small)
    site.settle()
    (letter,) = site.dead()
    assert letter["Body"] == body
    assert letter["MessageAttributes"]["ReasonCode"]["StringValue"] == "bad_event"
    assert site.report("a.png")["status"] == "done"  # other images are not blocked
    assert site.waiting() == 0


def test_events_of_another_bucket_are_rejected(site: Site, small: bytes) -> None:
    site.s3.create_bucket(Bucket="another")
    site.s3.put_object(Bucket="another", Key="a.png", Body=small)
    body: dict[str, Any] = json.loads(s3_event(site, "a.png", "v", "00"))
    body["Records"][0]["s3"]["bucket"]["name"] = "another"
    site.send(json.dumps(body))
    site.settle()
    assert site.listing() == {}
    assert len(site.dead()) == 1


def test_a_lasting_fault_ends_in_the_dead_letter_queue(
    build: Callable[..., Site], small: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "WAITS_S", (0,) * len(retries.WAITS_S))
    site = build(visibility_s=0)
    site.drop("a.png", small)
    site.s3.delete_bucket(Bucket=site.made.output_bucket)
    site.settle()
    assert site.dead() == []  # S3 takes no report either, so DeadLetterFunction is next
    monkeypatch.delenv("HAIRLINE_MODEL_DIR")
    monkeypatch.delenv("HAIRLINE_MODEL_BUCKET")
    wiring.failure_deps.cache_clear()
    given_up = Poller(
        sqs=site.sqs,
        queue_url=site.made.names["GivenUpQueue"],
        handler=app.on_given_up,
        batch_size=1,
        timeout_s=60,
        memory_mb=512,
    )
    while given_up.poll(wait_s=0):
        pass
    wiring.failure_deps.cache_clear()
    (letter,) = site.dead()
    assert json.loads(letter["Body"])["detail"]["object"]["key"] == "a.png"
    assert site.waiting() == 0


def test_a_passing_fault_loses_nothing(
    build: Callable[..., Site], small: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "WAITS_S", (1,) * len(retries.WAITS_S))
    site = build(visibility_s=1)
    site.drop("a.png", small)
    site.s3.delete_bucket(Bucket=site.made.output_bucket)
    site.settle()
    assert site.waiting() == 1
    site.s3.create_bucket(Bucket=site.made.output_bucket)
    while site.waiting():
        site.settle()
    assert site.report("a.png")["status"] == "done"
    assert site.dead() == []
