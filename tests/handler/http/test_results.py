"""`GET /v1/results`: an API key's images of the last hours, and no other key's."""

import itertools
import time

import pytest

from handler.aws.listing import Listed
from handler.http import recent_results


def ended(call, made, body):
    """A job whose image has become what the report says."""
    job = call.post("/v1/jobs").json()
    key = f"{job['upload']['fields']['key']}/report.json"
    made.client("s3").put_object(Bucket=made.output_bucket, Key=key, Body=body)
    return job["id"]


REJECTED = b'{"status": "rejected", "reason": {"code": "no_subject", "message": "No subject was found."}}'


def test_a_key_sees_its_own_images(call, other, made):
    id_ = ended(call, made, REJECTED)
    found = call.get("/v1/results", params={"hours": "1"})
    assert found.status_code == 200
    told = found.json()
    assert told["complete"] is True
    assert ("rejected", "no_subject") in [(each["outcome"], each["code"]) for each in told["reasons"]]
    (job,) = [each for each in told["jobs"] if each["id"] == id_]
    assert job["status"] == "rejected"
    assert job["reason"] == {"code": "no_subject", "message": "No subject was found."}
    assert time.time() - job["ended"] < 600
    assert id_ not in [each["id"] for each in other.get("/v1/results").json()["jobs"]]


@pytest.mark.parametrize("hours", ["0", "-1", "x", "nan", "inf", "1e9", ""])
def test_wrong_hours_are_named(call, hours):
    answer = call.get("/v1/results", params={"hours": hours})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["detail"].startswith("hours is")


def test_hours_given_twice_are_rejected(call):
    assert call.get("/v1/results?hours=1&hours=2").status_code == 400


def test_without_a_key_nothing_is_shown(call):
    assert call.get("/v1/results", headers={"X-Api-Key": None}).status_code == 403


def test_an_answer_in_time_is_better_than_a_complete_one(monkeypatch):
    monkeypatch.setattr(recent_results, "MAX_S", 0.05)
    endless = (Listed(f"api/t/{n}/alpha.png", 1, None) for n in itertools.count())
    found = recent_results.describe("t", 1, endless, None, "out")
    assert found["complete"] is False
