"""What BackfillFunction answers for each task, in both schemas."""

import json
from dataclasses import replace
from urllib.parse import quote

import pytest

from handler.backfill import app, wiring
from handler.cutouts import work
from handler.errors import BadConfig, BadEvent, StoreUnavailable
from handler.events.s3_batch import RESULT_CODES
from handler.local.poller import Context
from tests.handler.conftest import INPUT

KEY = "products/red shoe+1.jpg"


def event(key=KEY, schema="2.0", arguments=None, bucket=INPUT):
    place = {"s3Bucket": bucket} if schema == "2.0" else {"s3BucketArn": f"arn:aws:s3:::{bucket}"}
    job = {"id": "job-1"} | ({"userArguments": arguments or {}} if schema == "2.0" else {})
    task = {"taskId": "task-1", "s3Key": quote(key), "s3VersionId": None, **place}
    return {"invocationSchemaVersion": schema, "invocationId": "call-1", "job": job, "tasks": [task]}


def call(*args, **kwargs):
    return app.on_batch(event(*args, **kwargs), Context(300, 3008))


def result(*args, **kwargs):
    (found,) = call(*args, **kwargs)["results"]
    return found["resultCode"], found["resultString"]


@pytest.mark.parametrize("schema", ["1.0", "2.0"])
def test_an_image_is_cut_and_the_reply_says_how_it_went(cloud, backfill_deps, photo, schema):
    cloud.drop(KEY, photo)
    reply = call(schema=schema)
    assert reply["invocationSchemaVersion"] == schema
    assert reply["invocationId"] == "call-1"
    assert reply["treatMissingKeysAs"] == "PermanentFailure"
    report = json.loads(cloud.read(f"{KEY}/report.json"))
    confidence = f"{report['quality']['confidence']:.2f}"
    review = " needs_review" * report["quality"]["needs_review"]
    (found,) = reply["results"]
    assert found == {"taskId": "task-1", "resultCode": "Succeeded", "resultString": f"done {confidence}{review}"}
    assert result(schema=schema) == ("Succeeded", f"repeated {confidence}{review}")


def test_a_rejected_image_succeeds_as_a_task_so_that_s3_does_not_stop_the_job(cloud, backfill_deps):
    cloud.drop(KEY, b"<html>")
    assert result() == ("Succeeded", "rejected not_an_image")
    assert json.loads(cloud.read(f"{KEY}/report.json"))["status"] == "rejected"
    assert result() == ("Succeeded", "repeated not_an_image")


def test_an_object_that_is_gone_is_rejected(cloud, backfill_deps):
    assert result() == ("Succeeded", "rejected source_missing")


def test_an_object_of_another_bucket_fails_for_good_so_that_s3_stops_a_wrong_manifest(cloud, backfill_deps):
    assert result(bucket="elsewhere") == ("PermanentFailure", "alarm bad_event")


def test_a_fault_of_s3_is_temporary(cloud, backfill_deps, monkeypatch):
    def broken(self, ref):
        raise StoreUnavailable("503 Slow Down")

    monkeypatch.setattr(type(backfill_deps.store), "head", broken)
    assert result() == ("TemporaryFailure", "retry store_unavailable")


def test_a_function_that_cannot_start_is_temporary(monkeypatch):
    def broken():
        raise BadConfig("HAIRLINE_INPUT_BUCKET must be set.")

    monkeypatch.setattr(wiring, "deps", broken)
    assert result() == ("TemporaryFailure", "retry bad_config")


def test_the_options_of_a_backfill_override_the_deployments_and_a_repeat_does_nothing(cloud, backfill_deps, photo):
    cloud.drop(KEY, photo)
    wanted = {"options": '{"format": "webp"}'}
    assert result()[1].startswith("done")
    assert result(arguments=wanted)[1].startswith("done")
    assert f"{KEY}/cutout.webp" in cloud.outputs()
    assert f"{KEY}/cutout.png" not in cloud.outputs()
    assert result(arguments=wanted)[1].startswith("repeated")


def test_a_bad_option_fails_every_task(cloud, backfill_deps, photo):
    cloud.drop(KEY, photo)
    assert result(arguments={"options": '{"format": "psd"}'}) == ("TemporaryFailure", "retry bad_options")
    assert cloud.outputs() == {}


@pytest.mark.parametrize("part", ["tasks", "job"])
def test_an_event_of_another_kind_is_an_error(part):
    broken = event()
    del broken[part]
    with pytest.raises(BadEvent):
        app.on_batch(broken, Context(300, 3008))


def test_a_shops_image_is_cut_in_silence(cloud, backfill_deps, photo):
    """A backfill has neither a bus nor a queue to notify anybody with, and writes nothing to the input bucket."""
    key = "shops/spring/spring.myshopify.com/1/2"
    cloud.drop(key, photo, Metadata={"hairline-callback": "https://shop.example/hook"})
    before = cloud.s3.list_objects_v2(Bucket=INPUT)["Contents"]
    assert result(key)[1].startswith("done")
    assert cloud.s3.list_objects_v2(Bucket=INPUT)["Contents"] == before
    assert cloud.dead() == []


def test_every_outcome_has_a_result_code():
    assert set(RESULT_CODES) == {"done", "repeated", "rejected", "retry", "alarm"}


def test_the_log_counts_a_backfills_images_apart_from_the_queues(cloud, backfill_deps, photo, capsys):
    cloud.drop(KEY, photo)
    result()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    counted = [line for line in lines if "_aws" in line]
    assert any(line.get("door") == "backfill" for line in counted)
    assert not any("Attempts" in line for line in counted)  # alarms on a new version are the queue's


def test_the_same_bytes_come_out_as_from_the_queue(cloud, backfill_deps, deps, photo):
    cloud.drop(KEY, photo)
    result()
    backfilled = cloud.outputs()
    outcome = work.process(work.Job(work.ObjectRef(INPUT, KEY)), replace(deps, config=deps.config), lambda: 300.0)
    assert outcome.status == "repeated"
    assert cloud.outputs() == backfilled
