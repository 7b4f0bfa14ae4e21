"""The end of an image that cannot be processed: its report, its notification and its dead letter."""

import functools
import json
from dataclasses import replace

import pytest

from handler.cutouts import app, failures, retries
from handler.cutouts.work import process, process_message
from handler.errors import BadEvent, SourceChanged, StoreUnavailable
from handler.events import sqs
from handler.jobs import Job, ObjectRef
from handler.local.poller import Context
from pipeline.errors import MattingFailed, OutOfMemory
from tests.handler.conftest import INPUT, OUTPUT
from tests.handler.cutouts.jobs import UPLOAD, Broken, plenty
from tests.handler.events.test_events import load
from tests.handler.watched_store import WatchedStore, once

KEY = "products/shoe.jpg"
JOB = Job(ObjectRef(INPUT, KEY))
CALLBACK = "https://shop.example/done"


class Published:
    """A publisher that keeps what it is given."""

    def __init__(self):
        self.all = []

    def publish(self, notification, *, first):
        self.all.append((notification.kind, notification.data.get("reason", {}).get("code"), notification.callback))
        assert not first  # so that a repetition is recognised


@pytest.fixture
def failing(deps):
    """Deps of a function whose model fails as it is told to."""
    return lambda error: replace(
        deps,
        segmenter=Broken(deps.model, error),
        publisher=Published(),
        store=WatchedStore(deps.store._client),
    )


def report(cloud):
    return json.loads(cloud.read(f"{KEY}/report.json"))


def message(deps, *, last_try):
    return process_message("body", lambda: [JOB], deps, plenty, last_try=last_try)


def test_after_the_last_try_report_notification_and_dead_letter_say_failed(cloud, failing, photo):
    cloud.drop(KEY, photo, Metadata={"hairline-callback": CALLBACK})
    deps = failing(OutOfMemory("The image needs more memory."))
    with pytest.raises(OutOfMemory):
        message(deps, last_try=False)
    assert (cloud.outputs(), cloud.dead(), deps.publisher.all) == ({}, [], [])

    message(deps, last_try=True)
    written = report(cloud)
    assert (written["status"], written["files"]) == ("failed", {})
    assert written["reason"] == {"code": "out_of_memory", "message": "The image needs more memory."}
    assert written["object"]["version"] == cloud.s3.head_object(Bucket=INPUT, Key=KEY)["VersionId"]
    assert deps.publisher.all == [("hairline.failed", "out_of_memory", CALLBACK)]
    (dead,) = cloud.dead()
    assert dead["Body"] == "body"
    assert dead["MessageAttributes"]["ReasonCode"]["StringValue"] == "out_of_memory"


def test_an_error_that_no_retry_solves_is_reported_at_the_first_try(cloud, failing, photo):
    cloud.drop(KEY, photo)
    message(failing(MattingFailed("no answer")), last_try=False)
    assert report(cloud)["reason"]["code"] == "matting_failed"
    assert cloud.outputs().keys() == {f"{KEY}/report.json", f"{KEY}/failed"}
    assert len(cloud.dead()) == 1


@pytest.mark.parametrize(
    ("error", "code"),
    [(ZeroDivisionError("secret"), "ZeroDivisionError"), (StoreUnavailable("secret role"), "store_unavailable")],
)
def test_the_operator_gets_the_cause_and_customers_do_not(cloud, failing, photo, error, code):
    cloud.drop(KEY, photo)
    message(failing(error), last_try=True)
    assert report(cloud)["reason"]["code"] == "given_up"
    assert "secret" not in json.dumps(report(cloud))
    (dead,) = cloud.dead()
    assert dead["MessageAttributes"]["ReasonCode"]["StringValue"] == code
    assert "secret" in dead["MessageAttributes"]["Reason"]["StringValue"]


def test_a_redrive_that_succeeds_replaces_the_report_and_one_that_fails_renews_it(cloud, deps, failing, photo):
    cloud.drop(KEY, photo)
    message(failing(OutOfMemory("first")), last_try=True)
    message(failing(OutOfMemory("second")), last_try=True)
    assert report(cloud)["reason"]["message"] == "second"
    assert process(JOB, deps, plenty).status == "done"
    assert report(cloud)["status"] == "done"
    assert report(cloud)["files"].keys() == {"cutout.png", "alpha.png"}
    assert f"{KEY}/failed" not in cloud.outputs()
    assert process(JOB, deps, plenty).status == "repeated"


# Messages that SQS gave up


def give_up(deps):
    failures.conclude_unfinished("body", lambda: [JOB], deps)


def test_an_image_whose_container_was_killed_each_time_is_reported(cloud, failing, photo, caplog):
    cloud.drop(KEY, photo)
    deps = failing(None)
    give_up(deps)
    assert (report(cloud)["status"], report(cloud)["reason"]["code"]) == ("failed", "given_up")
    assert deps.publisher.all == [("hairline.failed", "given_up", None)]
    (dead,) = cloud.dead()
    assert dead["Body"] == "body"
    (line,) = [record for record in caplog.records if record.getMessage() == "given up"]
    assert line.key == KEY


def test_a_result_of_this_very_image_stays_and_its_message_is_kept(cloud, deps, failing, photo):
    """Such as of an image that was cut, but whose notification could not be sent."""
    cloud.drop(KEY, photo)
    process(JOB, deps, plenty)
    before, ending = cloud.outputs(), failing(None)
    give_up(ending)
    assert cloud.outputs() == before
    assert ending.publisher.all == []
    assert len(cloud.dead()) == 1


def test_the_report_of_an_earlier_image_is_replaced_and_its_files_stay(cloud, deps, failing, photo):
    cloud.drop(KEY, photo)
    process(JOB, deps, plenty)
    cutout = cloud.read(f"{KEY}/cutout.png")
    cloud.drop(KEY, photo + b"\0")
    give_up(failing(None))
    assert (report(cloud)["status"], report(cloud)["files"]) == ("failed", {})
    assert cloud.read(f"{KEY}/cutout.png") == cutout
    assert process(JOB, deps, plenty).status == "done"


@pytest.mark.parametrize("text", [b"", b"[]", b'{"status": "done"}'])
def test_a_report_that_is_not_hairlines_is_replaced(cloud, failing, photo, text):
    cloud.drop(KEY, photo)
    cloud.s3.put_object(Bucket=OUTPUT, Key=f"{KEY}/report.json", Body=text)
    give_up(failing(None))
    assert report(cloud)["status"] == "failed"


@pytest.mark.parametrize("earlier", [False, True])
def test_the_report_of_a_worker_that_finishes_meanwhile_wins(cloud, deps, failing, photo, earlier):
    cloud.drop(KEY, photo)
    ending = failing(None)
    if earlier:
        give_up(ending)
    ending.store.before = once("put", OUTPUT, lambda: process(JOB, deps, plenty))
    with pytest.raises(SourceChanged):
        give_up(ending)
    assert report(cloud)["status"] == "done"
    assert process(JOB, deps, plenty).status == "repeated"


@pytest.mark.parametrize("when", ["report.json", "failed"])
def test_a_job_that_is_deleted_while_its_failure_is_reported_leaves_nothing(cloud, failing, photo, when):
    cloud.s3.put_bucket_versioning(Bucket=OUTPUT, VersioningConfiguration={"Status": "Enabled"})
    cloud.drop(UPLOAD.source.key, photo)
    ending = failing(None)

    def before(task, ref):
        if task == "put" and ref.key == f"{UPLOAD.source.key}/{when}":
            cloud.s3.delete_object(Bucket=INPUT, Key=UPLOAD.source.key)

    ending.store.before = before
    failures.conclude_unfinished("body", lambda: [UPLOAD], ending)
    found = cloud.s3.list_object_versions(Bucket=OUTPUT)
    assert found.get("Versions", []) + found.get("DeleteMarkers", []) == []
    assert ending.publisher.all == []
    assert len(cloud.dead()) == 1


@pytest.mark.parametrize(
    "job", [JOB, Job(ObjectRef("somebody-elses", KEY)), Job(ObjectRef(INPUT, "é" * 505))], ids=["gone", "bucket", "key"]
)
def test_a_job_without_a_place_for_a_report_becomes_a_dead_letter_only(cloud, failing, job):
    failures.conclude_unfinished("body", lambda: [job], failing(None))
    assert cloud.outputs() == {}
    assert len(cloud.dead()) == 1


def test_a_message_that_is_not_an_event_is_a_dead_letter_with_the_reason(cloud, failing):
    with pytest.raises(BadEvent):
        sqs.parse("{")
    failures.conclude_unfinished("{", functools.partial(sqs.parse, "{"), failing(None))
    (dead,) = cloud.dead()
    assert dead["MessageAttributes"]["ReasonCode"]["StringValue"] == "bad_event"


# The entry points


def test_dead_letter_function_reports_a_message_that_sqs_gave_up(wired, photo):
    wired.drop(KEY, photo)
    event = load("sqs_s3_put")
    assert app.on_given_up(event, Context(60, 512)) == {"batchItemFailures": []}
    assert report(wired)["status"] == "failed"
    (dead,) = wired.dead()
    assert dead["Body"] == event["Records"][0]["body"]


def test_dead_letter_function_keeps_a_message_that_it_cannot_report(wired, photo):
    wired.drop(KEY, photo)
    wired.s3.delete_bucket(Bucket=OUTPUT)
    event = load("sqs_s3_put")
    failed = [{"itemIdentifier": event["Records"][0]["messageId"]}]
    assert app.on_given_up(event, Context(60, 512)) == {"batchItemFailures": failed}
    assert wired.dead() == []


@pytest.mark.parametrize("attempt", [retries.MAX_TRIES - 1, retries.MAX_TRIES])
def test_cutout_function_concludes_at_its_last_try(wired, photo, attempt):
    wired.drop(KEY, photo)
    event = load("sqs_s3_put")
    event["Records"][0]["attributes"]["ApproximateReceiveCount"] = str(attempt)
    last = attempt == retries.MAX_TRIES
    reply = app.on_queue(event, Context(5, 3008))  # too little time for any image
    assert len(reply["batchItemFailures"]) == (0 if last else 1)
    assert len(wired.dead()) == (1 if last else 0)
    written = [data for key, data in wired.outputs().items() if key.endswith("/report.json")]
    assert [json.loads(data)["reason"]["code"] for data in written] == ["out_of_time"] * last
