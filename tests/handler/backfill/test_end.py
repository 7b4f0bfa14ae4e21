"""The completion report of S3 Batch Operations, and the one notification at the end."""

import json

import boto3
import pytest

from handler import keys
from handler.aws.documents import DocumentStore
from handler.aws.event_bus import EventBus
from handler.backfill import completion, end_app, end_wiring, wiring
from handler.backfill.completion import Line, Tally
from handler.errors import SourceMissing
from handler.local.poller import Context
from tests.handler.backfill.batch_operations import JOB, KILLED, STATE


class Bus:
    def __init__(self):
        self.entries = []

    def put_events(self, Entries):  # noqa: N803
        self.entries += Entries
        return {"FailedEntryCount": 0, "Entries": []}


def test_every_line_is_read(state):
    assert list(completion.lines(state, STATE, JOB)) == [
        Line("products/red shoe+1.jpg", "done", 0.93, False, None, "done 0.93"),
        Line("b.jpg", "repeated", 0.41, True, None, "repeated 0.41 needs_review"),
        Line("c.txt", "rejected", None, False, "not_an_image", "rejected not_an_image"),
        Line("d.txt", "repeated", None, False, "not_an_image", "repeated not_an_image"),
        Line("e.jpg", "failed", None, False, "store_unavailable", "retry store_unavailable"),
        Line("f.jpg", "failed", None, False, "no_answer", KILLED[1:-1].replace('""', '"')),
    ]


def test_a_job_without_a_report_is_missing(state):
    with pytest.raises(SourceMissing):
        list(completion.lines(state, STATE, "other"))


def test_the_end_is_announced_once_with_its_sums(state, cloud, monkeypatch):
    bus = Bus()
    deps = end_wiring.Deps(state, DocumentStore(state, STATE), EventBus(bus, "default"))
    monkeypatch.setattr(end_wiring, "deps", lambda: deps)
    key = keys.backfill_report(JOB)
    event = {
        "source": "aws.s3",
        "detail-type": "Object Created",
        "detail": {"bucket": {"name": STATE}, "object": {"key": key, "size": 1}},
    }
    for _ in range(2):  # EventBridge delivers at least once
        end_app.on_report(event, Context(300, 512))
    (entry,) = bus.entries
    assert (entry["Source"], entry["DetailType"]) == ("hairline", "hairline.backfilled")
    detail = json.loads(entry["Detail"])
    assert detail == {
        "id": detail["id"],
        "job": JOB,
        "tasks": 6,
        "outcomes": {"done": 1, "repeated": 2, "rejected": 1, "failed": 2},
        "needs_review": 1,
        "reasons": {"not_an_image": 2, "store_unavailable": 1, "no_answer": 1},
        "report": {"bucket": STATE, "key": key},
    }


def test_the_sums_of_an_empty_report_are_zero():
    assert Tally.of([]).described() == {"tasks": 0, "outcomes": {}, "needs_review": 0, "reasons": {}}


def test_the_clients_of_both_functions_are_made_from_their_settings(cloud, backfill_env, weights, monkeypatch):
    monkeypatch.setattr(boto3, "client", lambda service, **_: service)
    for name, value in {**backfill_env, "HAIRLINE_STATE_BUCKET": STATE, "HAIRLINE_EVENT_BUS": "bus"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(wiring.os, "environ", {**backfill_env})
    assert wiring.deps.__wrapped__().config.input_bucket == backfill_env["HAIRLINE_INPUT_BUCKET"]
    monkeypatch.setattr(wiring.os, "environ", {"HAIRLINE_STATE_BUCKET": STATE, "HAIRLINE_EVENT_BUS": "bus"})
    assert end_wiring.deps.__wrapped__().bus.name == "bus"
