"""Whole messages: their jobs, their retries, and the dead-letter queue."""

from dataclasses import replace

import pytest

from handler.cutouts.work import process_message
from handler.dispositions import ALARM, REJECT
from handler.errors import BadEvent, StoreUnavailable
from handler.jobs import Job, ObjectRef
from tests.handler.conftest import INPUT
from tests.handler.cutouts.jobs import JOB, KEY, PLAIN, plenty
from tests.handler.watched_store import WatchedStore


def message(cloud, deps, jobs):
    return process_message("body", lambda: jobs, deps, plenty)


def test_one_bad_job_does_not_hold_up_the_others(cloud, deps, photo):
    cloud.drop(KEY, photo)
    foreign = Job(ObjectRef("somebody-elses", "a.jpg"))
    gone = Job(ObjectRef(INPUT, "gone.jpg"))
    outcomes = message(cloud, deps, [foreign, gone, JOB])
    assert [outcome.status for outcome in outcomes] == [ALARM, REJECT, "done"]
    (dead,) = cloud.dead()
    assert dead["Body"] == "body"
    assert dead["MessageAttributes"]["ReasonCode"]["StringValue"] == "bad_event"


def test_a_retry_is_raised_after_every_job_had_its_turn(cloud, deps, photo):
    cloud.drop(KEY, photo)
    cloud.drop("first.jpg", photo)

    def before(task, ref):
        if task == "get" and ref.key == "first.jpg":
            raise StoreUnavailable("S3 is slow today")

    deps = replace(deps, store=WatchedStore(cloud.s3, before))
    foreign = Job(ObjectRef("somebody-elses", "a.jpg"))
    with pytest.raises(StoreUnavailable, match="slow today"):
        message(cloud, deps, [Job(ObjectRef(INPUT, "first.jpg")), foreign, JOB])
    assert cloud.outputs().keys() == PLAIN
    assert cloud.dead() == []  # not yet: the message will come again as a whole


def test_a_bad_event_is_set_aside_as_it_came(cloud, deps):
    def parse():
        raise BadEvent("no records")

    assert process_message("{}", parse, deps, plenty) == []
    (dead,) = cloud.dead()
    assert dead["Body"] == "{}"
    assert dead["MessageAttributes"]["Reason"]["StringValue"] == "no records"


def test_a_message_that_cannot_be_set_aside_is_kept(cloud, deps):
    cloud.sqs.delete_queue(QueueUrl=cloud.dead_letter_queue_url)
    with pytest.raises(StoreUnavailable, match="dead-letter queue"):
        message(cloud, deps, [Job(ObjectRef("somebody-elses", "a.jpg"))])
