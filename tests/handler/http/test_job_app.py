"""JobService, the account and the description, over the API on a stack with a worker."""

import base64
import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
import requests

from handler.aws.registry_secret import Secret
from handler.http import job_app, wiring
from handler.http.api_errors import CODES, ApiError
from handler.http.job_service import GIVEN_UP_S, UPLOAD_S
from handler.local import template
from handler.untrusted.guard import Policy
from pipeline.options import Options
from tests.handler.hooks.shops import Entries
from tests.handler.http.jobs import records, settled, upload


def fetch(url):
    answer = requests.get(url, timeout=30)
    assert answer.status_code == 200
    return answer


def test_an_upload_becomes_links_to_cutout_alpha_and_report(call, working, photo):
    answer = call.post("/v1/jobs", json={"options": {"format": "webp", "stages": ["trimap"]}})
    job = answer.json()
    assert (answer.status_code, job["status"]) == (202, "queued")
    assert call.follow(answer).json()["id"] == job["id"]
    assert upload(job["upload"], photo).status_code < 300
    told = settled(call, job["id"])
    assert told["status"] == "done"
    assert told["files"].keys() == {"cutout.webp", "alpha.png", "trimap.png", "report.json"}
    assert fetch(told["files"]["cutout.webp"]).content[8:12] == b"WEBP"
    assert fetch(told["files"]["report.json"]).json()["options"]["format"] == "webp"
    assert 0 <= told["quality"]["confidence"] <= 1


def test_a_file_that_is_not_an_image_is_rejected_with_the_reason(call, working):
    job = call.post("/v1/jobs").json()
    upload(job["upload"], b"<html>")
    told = settled(call, job["id"])
    assert (told["status"], told["reason"]["code"]) == ("rejected", "not_an_image")


def test_the_form_holds_the_upload_to_size_type_and_options(call):
    asked = {"options": {"format": "webp"}, "content_type": "image/png", "callback_url": "https://example.com/done"}
    form = call.post("/v1/jobs", json=asked).json()["upload"]
    policy = json.loads(base64.b64decode(form["fields"]["policy"]))
    assert ["content-length-range", 1, 40_000_000] in policy["conditions"]
    for name, text in {
        "Content-Type": "image/png",
        "x-amz-meta-hairline": '{"format": "webp"}',
        "x-amz-meta-hairline-callback": "https://example.com/done",
        "key": form["fields"]["key"],
    }.items():
        assert {name: text} in policy["conditions"]
        assert form["fields"][name] == text


@pytest.mark.parametrize("registry", [{}, {"callbacks": {}}, {"callbacks": {"secrets": []}}, {"callbacks": "x"}])
def test_a_callback_without_a_signing_secret_is_rejected_when_the_job_is_created(monkeypatch, registry):
    deps = SimpleNamespace(
        config=SimpleNamespace(options=Options()), policy=Policy(), registry=Secret(Entries(registry), "r")
    )
    monkeypatch.setattr(wiring, "jobs", lambda: deps)
    with pytest.raises(ApiError) as refused:
        job_app._job_request({"callback_url": "https://example.com/done"})
    assert (refused.value.code, refused.value.http) == ("callbacks_not_set_up", 400)
    job_app._job_request({})


def test_a_picture_by_its_address(call, working, web):
    job = call.post("/v1/jobs", json={"image_url": f"{web}/photo.jpg"})
    assert job.status_code == 202, job.text
    assert "upload" not in job.json()
    assert settled(call, job.json()["id"])["status"] == "done"


def test_a_download_that_failed_fails_in_the_same_way_or_succeeds_when_it_is_repeated(call, web, made):
    headers, url = {"Idempotency-Key": uuid.uuid4().hex}, f"{web}/later.jpg"
    before = records(made)
    for _ in range(2):
        refused = call.post("/v1/jobs", json={"image_url": url}, headers=headers)
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (400, "failed_image_download")
    (id_,) = {key.rpartition("/")[2] for key in records(made) - before}
    told = call.get(f"/v1/jobs/{id_}").json()
    assert (told["status"], told["reason"]["code"]) == ("rejected", "download_failed")
    assert requests.put(url, timeout=30).status_code == 200
    accepted = call.post("/v1/jobs", json={"image_url": url}, headers=headers)
    assert (accepted.status_code, accepted.json()["id"], accepted.json()["status"]) == (202, id_, "working")


def test_the_same_idempotency_key_makes_one_job_also_at_once(call, made):
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    before = records(made)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: call.post("/v1/jobs", json={}, headers=headers), range(16)))
    assert {answer.status_code for answer in answers} == {202}
    (id_,) = {answer.json()["id"] for answer in answers}
    assert {key.rpartition("/")[2] for key in records(made) - before} == {id_}


def test_an_idempotency_key_belongs_to_one_request_and_one_tenant(call, other):
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    first = call.post("/v1/jobs", json={}, headers=headers).json()
    refused = call.post("/v1/jobs", json={"options": {"crop": True}}, headers=headers)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "idempotency_key_reused")
    assert other.post("/v1/jobs", json={}, headers=headers).json()["id"] != first["id"]


def test_without_a_key_each_request_makes_a_job(call):
    assert call.post("/v1/jobs").json()["id"] != call.post("/v1/jobs").json()["id"]


def test_only_its_tenant_can_see_a_job(call, other):
    job = call.post("/v1/jobs").json()
    assert other.get(f"/v1/jobs/{job['id']}").status_code == 404
    assert call.get(f"/v1/jobs/{job['id']}").status_code == 200


@contextmanager
def unannounced(s3, bucket):
    """No worker is told of what is written meanwhile."""
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    yield
    # Not what the emulator said before: its answer leaves EventBridge out.
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}})


@pytest.mark.parametrize(
    ("age", "there", "status", "code"),
    [
        (UPLOAD_S - 60, False, "queued", None),
        (UPLOAD_S + 60, False, "failed", "no_upload"),
        (UPLOAD_S + 60, True, "working", None),
        (UPLOAD_S + GIVEN_UP_S + 60, True, "failed", "given_up"),
    ],
)
def test_a_job_without_a_result_fails_in_the_end(call, made, age, there, status, code):
    job = call.post("/v1/jobs").json()
    s3, bucket = made.client("s3"), made.names["StateBucket"]
    (key,) = [key for key in records(made) if key.endswith(job["id"])]
    record = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    record["created"] -= age
    s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(record))
    if there:
        with unannounced(s3, made.input_bucket):
            s3.put_object(Bucket=made.input_bucket, Key=job["upload"]["fields"]["key"], Body=b"x")
    told = call.get(f"/v1/jobs/{job['id']}").json()
    assert (told["status"], told.get("reason", {}).get("code")) == (status, code)


def test_a_job_fails_as_soon_as_its_report_says_so(call, made):
    job = call.post("/v1/jobs").json()
    reason = {"code": "out_of_memory", "message": "The image needs more memory."}
    report = {"status": "failed", "reason": reason, "files": {}}
    key = f"{job['upload']['fields']['key']}/report.json"
    made.client("s3").put_object(Bucket=made.output_bucket, Key=key, Body=json.dumps(report))
    found = call.get(f"/v1/jobs/{job['id']}").json()
    assert (found["status"], found["reason"]) == ("failed", reason)


def test_a_job_is_given_up_no_sooner_than_its_message(made):
    described = template.load()
    hidden = max(row["Hidden"] for row in described["Mappings"]["Timeouts"].values())
    assert template.properties(described, "JobQueue")["RedrivePolicy"]["maxReceiveCount"] * hidden <= GIVEN_UP_S


BAD = {
    "an unknown field": ({"json": {"url": "x"}}, "invalid_request"),
    "an unknown option": ({"json": {"options": {"colour": "red"}}}, "bad_options"),
    "a bad option": ({"json": {"options": {"quality": 101}}}, "bad_options"),
    "options that are none": ({"json": {"options": [1]}}, "bad_options"),
    "a trimap": ({"json": {"options": {"trimap": "x"}}}, "bad_options"),
    "a limit": ({"json": {"options": {"max_bytes": 10**9}}}, "bad_options"),
    "options too long": ({"json": {"options": {"marketplaces": ["etsy"] * 500}}}, "bad_options"),
    "another type": ({"json": {"content_type": "text/html"}}, "invalid_request"),
    "a callback into the machine": ({"json": {"callback_url": "https://0x7f.1/"}}, "invalid_callback_url"),
    "a callback that is none": ({"json": {"callback_url": 5}}, "invalid_callback_url"),
    "an address that is none": ({"json": {"image_url": "file:///etc/passwd"}}, "invalid_image_url"),
    "no JSON": ({"data": b"{"}, "invalid_request"),
    "a list": ({"json": [1]}, "invalid_request"),
    "a callback to a private address": ({"json": {"callback_url": "https://10.0.0.1/"}}, "invalid_callback_url"),
    "an empty key": ({"headers": {"Idempotency-Key": ""}}, "invalid_idempotency_key"),
    "a key with a space": ({"headers": {"Idempotency-Key": "a b"}}, "invalid_idempotency_key"),
    "a key too long": ({"headers": {"Idempotency-Key": "a" * 256}}, "invalid_idempotency_key"),
}


@pytest.mark.parametrize(("sent", "code"), BAD.values(), ids=BAD)
def test_a_job_that_cannot_be_made(call, sent, code):
    answer = call.post("/v1/jobs", **sent)
    assert answer.status_code == (CODES[code].status if code in CODES else 400), answer.text
    assert answer.json()["errors"][0]["code"] == code


@pytest.mark.parametrize("id_", ["x", "0" * 32, "A" * 32, "%2e%2e", "0" * 5000])
def test_no_such_job(call, id_):
    answer = call.get(f"/v1/jobs/{id_}")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, "not_found")


def test_the_account_has_what_clients_read(call):
    attributes = call.get("/v1.0/account").json()["data"]["attributes"]
    assert attributes["credits"].keys() == {"total", "subscription", "payg", "enterprise"}
    assert attributes["api"] == {"free_calls": 0, "sizes": "all"}
