"""The entry points, wired from the environment as in Lambda, on events of events/ and on moto's S3 and SQS."""

import functools
import io
import json
import time
from dataclasses import replace

import pytest
from botocore.exceptions import ClientError
from moto.sqs.models import sqs_backends
from snapshot_restore_py import get_before_snapshot

from handler import observability
from handler.cutouts import app, wiring
from handler.errors import BadConfig, StoreUnavailable
from handler.local.poller import Context
from pipeline.errors import ModelUnavailable
from tests.handler.conftest import INPUT, OUTPUT
from tests.handler.events.test_events import EVENTS, load


@pytest.fixture
def wired(cloud, monkeypatch):
    """The environment of the function; what an earlier test had built from another one is forgotten."""
    for name, value in cloud.env().items():
        monkeypatch.setenv(name, value)
    wiring.deps.cache_clear()
    wiring.visibility.cache_clear()
    yield cloud
    wiring.deps.cache_clear()


def context(seconds=300):
    return Context(seconds, 3008)


def on_queue(event, seconds=300):
    """The numbers of the messages that are to be tried again."""
    ids = [record["messageId"] for record in event["Records"]]
    reply = app.on_queue(event, context(seconds))
    assert reply.keys() == {"batchItemFailures"}
    json.dumps(reply)
    return [ids.index(item["itemIdentifier"]) for item in reply["batchItemFailures"]]


def statuses(cloud):
    return {
        key.removesuffix("/report.json"): json.loads(data)["status"]
        for key, data in cloud.outputs().items()
        if key.endswith("/report.json")
    }


def test_a_picture_from_the_queue_is_cut_out(wired, photo):
    wired.drop("products/shoe.jpg", photo)
    assert on_queue(load("sqs_s3_put")) == []
    names = ("alpha.png", "cutout.png", "report.json")
    assert wired.outputs().keys() == {f"products/shoe.jpg/{name}" for name in names}


def test_a_try_is_counted_for_the_version_that_lambda_runs(wired, photo, monkeypatch, capsys):
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_VERSION", "12")
    wired.drop("products/shoe.jpg", photo)
    assert on_queue(load("sqs_s3_put")) == []
    (counted,) = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"Attempts"' in line]
    assert (counted["version"], counted["Failed"]) == ("12", [0])


def test_a_snapshot_holds_what_the_first_picture_needs(wired, photo):
    for hook, arguments, named in get_before_snapshot():  # as Lambda's runtime does before it takes one
        hook(*arguments, **named)
    built = wiring.deps.cache_info().misses
    assert built == 1
    wired.drop("products/shoe.jpg", photo)
    assert on_queue(load("sqs_s3_put")) == []
    assert wiring.deps.cache_info().misses == built


def test_a_picture_straight_from_s3_is_cut_out(wired, photo):
    wired.drop("products/shoe.jpg", photo)
    assert app.on_s3(load("s3_put_direct"), context()) is None
    assert statuses(wired) == {"products/shoe.jpg": "done"}


def test_nasty_keys_arrive_where_they_belong(wired):
    event = load("sqs_s3_nasty_keys")
    keys = ["red flower.jpg", "a+b.jpg", "100% wool #41.png", "été/鞋 👟.jpg", "&$@=;:,?.jpg", "%2B.jpg"]
    for key in keys:
        wired.drop(key, b"no picture")
    assert on_queue(event) == []
    assert statuses(wired) == dict.fromkeys(keys, "rejected")  # the others are not there


def test_each_message_of_a_batch_has_its_own_end(wired, photo):
    """A picture, a text, garbage, one that is gone, and one that S3 will not give just now."""
    wired.drop("products/shoe.jpg", photo)
    wired.drop("products/notes.txt", b"hello")
    wired.drop("products/hat.jpg", photo)
    fail(wiring.deps().store, "hat")
    event = load("sqs_batch_partial")
    assert on_queue(event) == [4]
    assert statuses(wired) == {"products/shoe.jpg": "done", "products/notes.txt": "rejected"}
    (dead,) = wired.dead()
    assert dead["Body"] == event["Records"][2]["body"]
    wiring.deps.cache_clear()  # S3 is well again
    assert on_queue({"Records": event["Records"][4:]}) == []
    assert statuses(wired)["products/hat.jpg"] == "done"


def fail(store, word):
    """Let S3 answer 503 to every request whose key holds a word, below botocore's own retries."""
    client = store._client

    def answer(request, **_kwargs):
        if word in request.url:
            raise ClientError({"Error": {"Code": "503", "Message": "Slow Down"}}, "HeadObject")

    client.meta.events.register_first("before-send.s3", answer)


def test_when_all_fail_all_are_named_and_nothing_is_raised(wired):
    fail(wiring.deps().store, "products")
    assert on_queue(load("sqs_s3_put")) == [0]


def test_straight_from_s3_a_passing_fault_is_raised(wired):
    fail(wiring.deps().store, "products")
    with pytest.raises(StoreUnavailable, match="503"):
        app.on_s3(load("s3_put_direct"), context())


def test_when_time_is_short_the_rest_goes_back(wired, photo):
    wired.drop("products/shoe.jpg", photo)
    assert on_queue(load("sqs_s3_put"), seconds=5) == [0]
    assert wired.outputs() == {}


@pytest.mark.parametrize("name", sorted(path.stem for path in EVENTS.glob("s*_*")))
def test_no_event_of_the_folder_is_lost_or_comes_back(wired, name):
    """With every bucket empty: jobs find nothing and are acknowledged; what is bad is in the dead-letter queue."""
    bad = {
        "s3_foreign_record": 1,
        "sqs_batch_partial": 1,
        "sqs_eventbridge_bad": 2,
        "sqs_garbage": 8,
        "sqs_s3_bad_encoding": 1,
        "sqs_s3_next_major": 1,
        "sqs_s3_output_bucket": 1,
        "sqs_sns_confirmation": 1,
        "sqs_sns_other_message": 1,
    }
    event = load(name)
    if name.startswith("s3_"):
        app.on_s3(event, context())
    else:
        assert on_queue(event) == []
    assert len(wired.dead()) == bad.get(name, 0)
    assert wired.outputs() == {}


def test_a_mistake_of_ours_is_logged_with_its_traceback_and_tried_again(wired, caplog, photo):
    """Here: a network that has lost its session."""
    wired.drop("products/shoe.jpg", photo)
    built = wiring.deps()
    built.segmenter._session = None
    assert on_queue(load("sqs_s3_put")) == [0]
    (record,) = [each for each in caplog.records if each.levelname == "ERROR"]
    assert record.exc_info[0] is AttributeError
    assert record.key == "products/shoe.jpg"
    assert wired.outputs() == {}


def test_log_and_metrics_tell_of_each_picture_but_do_not_show_it(wired, caplog, capsys, photo):
    wired.drop("products/shoe.jpg", photo)
    wired.drop("products/notes.txt", b"hello")
    on_queue(load("sqs_batch_partial"))
    told = {record.key: record for record in caplog.records if record.getMessage() == "image"}
    assert {key: record.outcome for key, record in told.items()} == {
        "products/shoe.jpg": "done",
        "products/notes.txt": "rejected",
        "products/gone.jpg": "rejected",
        "products/hat.jpg": "rejected",
    }
    assert told["products/notes.txt"].code == "not_an_image"
    assert told["products/gone.jpg"].code == "source_missing"
    metrics = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"outcome"' in line]
    assert [each["outcome"] for each in metrics] == ["done", "rejected", "rejected", "rejected"]
    done = metrics[0]
    assert done["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Hairline"
    assert done["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service"], ["service", "outcome"]]
    assert done["Images"] == [1.0]
    assert done["Megapixels"] == [0.065536]
    assert done["NeedsReview"][0] in (0.0, 1.0)
    assert all(len(json.dumps(each)) < 2000 for each in metrics)


# Retries, and what the log says before a container is killed


@pytest.fixture
def queue(wired):
    """The queue of the events of events/, with the visibility timeout of the template."""
    name = "hairline-Queue-4RZ1VQ8XK2PD"
    return wired.sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "1800"})["QueueUrl"]


def received(cloud, queue_url, attempt):
    """The event of a message with the body of sqs_s3_put, received just now for the so-manieth time."""
    cloud.sqs.send_message(QueueUrl=queue_url, MessageBody=load("sqs_s3_put")["Records"][0]["body"])
    (message,) = cloud.sqs.receive_message(QueueUrl=queue_url)["Messages"]
    event = load("sqs_s3_put")
    event["Records"][0] |= {"receiptHandle": message["ReceiptHandle"], "messageId": message["MessageId"]}
    event["Records"][0]["attributes"]["ApproximateReceiveCount"] = str(attempt)
    return event


def hidden_s(queue_url):
    """For how long the queue's only message stays hidden, as moto plays SQS."""
    name = queue_url.rsplit("/", 1)[-1]
    (message,) = sqs_backends["123456789012"]["us-east-1"].queues[name]._messages
    return message.visible_at / 1000 - time.time()


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 15), (2, 60), (3, 240), (4, 900), (7, 900), (8, 0), (9, 0)])
def test_a_failed_image_is_retried_after_seconds_rather_than_after_the_visibility_timeout(
    wired, queue, attempt, seconds
):
    event = received(wired, queue, attempt)
    assert hidden_s(queue) == pytest.approx(1800, abs=10)
    fail(wiring.deps().store, "products")
    assert on_queue(event) == [0]
    assert hidden_s(queue) == pytest.approx(seconds, abs=10)


def test_a_finished_image_is_not_postponed(wired, queue, photo):
    wired.drop("products/shoe.jpg", photo)
    assert on_queue(received(wired, queue, 1)) == []
    assert hidden_s(queue) == pytest.approx(1800, abs=10)


def test_a_message_that_cannot_be_postponed_is_still_retried(wired, caplog):
    """There is no such queue; the log says so."""
    fail(wiring.deps().store, "products")
    assert on_queue(load("sqs_s3_put")) == [0]
    (postponed,) = [record for record in caplog.records if record.getMessage() == "postpone"]
    assert "hairline-Queue" in postponed.reason


class Watching:
    """Notes what the log says when the model is asked."""

    def __init__(self, segmenter, records):
        self.spec, self._segmenter, self._records, self.seen = segmenter.spec, segmenter, records, []

    def segment(self, picture):
        self.seen = [(each.getMessage(), each.key, each.bytes) for each in self._records if hasattr(each, "key")]
        return self._segmenter.segment(picture)


def test_the_log_names_an_image_before_the_work_begins(wired, caplog, photo, monkeypatch):
    wired.drop("products/shoe.jpg", photo)
    watching = Watching(wiring.deps().segmenter, caplog.records)
    with monkeypatch.context() as patched:
        patched.setattr(wiring, "deps", functools.partial(replace, wiring.deps(), segmenter=watching))
        assert on_queue(load("sqs_s3_put")) == []
    assert watching.seen == [("begin", "products/shoe.jpg", len(photo))]


def test_each_line_of_the_log_names_the_message_and_the_attempt(wired, photo, monkeypatch):
    log = io.StringIO()
    monkeypatch.setattr(observability.logger.registered_handler, "stream", log)
    wired.drop("products/shoe.jpg", photo)
    event = load("sqs_s3_put")
    event["Records"][0]["attributes"]["ApproximateReceiveCount"] = "3"
    assert on_queue(event) == []
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [line["message"] for line in lines] == ["begin", "image"]
    assert {(line["message_id"], line["attempt"]) for line in lines} == {(event["Records"][0]["messageId"], 3)}


# Start-up


def test_what_is_built_is_kept(wired):
    assert wiring.deps() is wiring.deps()


def test_an_incomplete_deployment_says_what_is_missing(wired, monkeypatch):
    monkeypatch.delenv("HAIRLINE_OUTPUT_BUCKET")
    for _ in range(2):  # and says so again: nothing half built is kept
        with pytest.raises(BadConfig, match="HAIRLINE_OUTPUT_BUCKET"):
            app.on_queue(load("sqs_s3_put"), context())


def test_one_bucket_for_both_never_starts(wired, monkeypatch, photo):
    wired.drop("products/shoe.jpg", photo)
    monkeypatch.setenv("HAIRLINE_OUTPUT_BUCKET", INPUT)
    with pytest.raises(BadConfig, match="bucket of its own"):
        app.on_queue(load("sqs_s3_put"), context())


@pytest.mark.parametrize("harm", ["missing", "wrong"])
def test_weights_that_are_not_ours_stop_the_start(wired, monkeypatch, tmp_path, harm):
    if harm == "wrong":
        (tmp_path / "u2netp.onnx").write_bytes(b"something else")
    monkeypatch.setenv("HAIRLINE_MODEL_DIR", str(tmp_path))
    with pytest.raises(ModelUnavailable, match="u2netp"):
        app.on_queue(load("sqs_s3_put"), context())


def test_the_outputs_do_not_set_off_anything(wired, photo):
    """Were the notification ever put on the output bucket, its events would be set aside, not cut."""
    wired.drop("products/shoe.jpg", photo)
    on_queue(load("sqs_s3_put"))
    before = wired.outputs()
    event = load("sqs_s3_output_bucket")
    assert json.loads(event["Records"][0]["body"])["Records"][0]["s3"]["bucket"]["name"] == OUTPUT
    assert on_queue(event) == []
    assert wired.outputs() == before
