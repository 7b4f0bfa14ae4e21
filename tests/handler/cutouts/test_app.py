"""The entry points, wired from the environment as in Lambda, on events of events/ and on moto's S3 and SQS."""

import json

import pytest
from snapshot_restore_py import get_before_snapshot

from handler.cutouts import app, wiring
from handler.errors import BadConfig, StoreUnavailable
from pipeline.errors import ModelUnavailable
from tests.handler.conftest import INPUT, OUTPUT
from tests.handler.cutouts.invoking import context, fail, on_queue
from tests.handler.events.test_events import EVENTS, load


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


def test_when_all_fail_all_are_named_and_nothing_is_raised(wired):
    fail(wiring.deps().store, "products")
    assert on_queue(load("sqs_s3_put")) == [0]


def test_straight_from_s3_a_passing_fault_is_raised(wired):
    fail(wiring.deps().store, "products")
    with pytest.raises(StoreUnavailable, match="503"):
        app.on_s3(load("s3_put_direct"), context())


def test_messages_without_enough_time_left_return_to_the_queue(wired, photo):
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
