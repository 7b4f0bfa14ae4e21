"""The list of an API key's images and what it makes of each, from reports in the bucket; no image is cut here."""

import json
import time

import pytest

from handler.aws.listing import Listed
from handler.http import image_list
from handler.http.image_list import ImageList
from handler.local import api, stack
from handler.local.emulator import emulator
from pipeline.review import Reviewed
from tests.handler.http.conftest import Caller
from tests.handler.http.test_images import STROKE, listed, put, upload

ENTRY = {
    *("id", "name", "state", "format", "message", "decision"),
    *("confidence", "needs_review", "revision", "version"),
}


@pytest.fixture(scope="module")
def made():
    """A stack of its own: a worker of another test would reject what these tests put into the queue."""
    with emulator() as endpoint:
        yield stack.create(endpoint)


@pytest.fixture(scope="module")
def call(made):
    with api.serving(made, parameters={"ApiRate": "10000", "ApiBurst": "10000"}) as site:
        yield Caller(site, site.key)


@pytest.fixture
def stored(call, made):
    """Makes an image with what it is given as its report, or without one."""
    s3 = made.client("s3")

    def _stored(report=None, name="photo.jpg"):
        fields = call.post("/v1/jobs", json={"name": name}).json()["upload"]["fields"]
        etag = s3.put_object(Bucket=made.input_bucket, Key=fields["key"], Body=b"x", Metadata={"hairline-name": name})[
            "ETag"
        ]
        if report is not None:
            body = {"status": "done", "mark": "m" * 64, "edits": None, "object": {"etag": etag, "name": name}} | report
            s3.put_object(Bucket=made.output_bucket, Key=f"{fields['key']}/report.json", Body=json.dumps(body))
        return fields["key"]

    return _stored


def of(key):
    return key.rpartition("/")[2]


def quality(confidence):
    return {"quality": {"confidence": confidence, "needs_review": confidence < 0.5, "reasons": []}}


@pytest.fixture
def fresh(made):
    """No images."""
    for bucket in (made.input_bucket, made.output_bucket):
        s3 = made.client("s3")
        for item in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
            s3.delete_object(Bucket=bucket, Key=item["Key"])


def test_the_least_confident_come_first_and_pages_hold_200(call, fresh, stored):
    keys = [stored(quality(n / 205)) for n in range(205)]
    waiting = stored()
    first = listed(call)
    assert [each["id"] for each in first["images"]] == [of(key) for key in keys[:200]]
    second = listed(call, after=first["next"])
    assert [each["id"] for each in second["images"]] == [*map(of, keys[200:]), of(waiting)]
    assert (second["next"], second["counts"]["all"], second["counts"]["working"]) == (None, 206, 1)
    assert second["images"][-1].keys() == ENTRY
    assert second["images"][-1]["name"] == "photo.jpg"  # from the image itself, as there is no report yet
    assert {each["state"] for each in listed(call, state="review")["images"]} == {"done"}


def test_a_list_can_be_of_names_that_begin_alike(call, fresh, stored):
    for name in ("spring/shoe.jpg", "spring/bag.jpg", "summer/hat.jpg"):
        stored(quality(0.9), name)
    found = listed(call, prefix="spring/")
    assert {each["name"] for each in found["images"]} == {"spring/shoe.jpg", "spring/bag.jpg"}
    assert found["counts"]["all"] == 2


def test_a_list_can_be_of_files_of_one_format(call, fresh, stored):
    for name, form in (("a.jpg", "jpeg"), ("b.jpg", "jpeg"), ("c.png", "png")):
        stored({**quality(0.9), "source": {"format": form}}, name)
    stored()
    found = listed(call, format="jpeg")
    assert {each["name"] for each in found["images"]} == {"a.jpg", "b.jpg"}
    assert found["formats"] == {"jpeg": 2, "png": 1}
    assert found["counts"]["all"] == 4
    assert listed(call, format="tiff")["images"] == []


@pytest.mark.parametrize("query", [{"state": "new"}, {"after": "x"}, {"after": "٣"}, {"after": "9" * 5000}])
def test_a_wrong_list_is_named(call, query):
    answer = call.get("/v1/images", params=query)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["detail"].startswith(next(iter(query)))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", "not JSON"),
        (b"[]", "JSON object"),
        (b'{"strokes": []}', "revision is missing"),
        (b'{"revision": -1}', "revision is -1"),
        (b'{"revision": 0, "strokes": [{"tool": "pen"}]}', "stroke 1"),
        (b'{"revision": 0, "options": {"shift": 1000}}', "shift is 1000"),
        (b'{"revision": 0, "options": {"trimap": "x"}}', "Unknown option 'trimap'"),
    ],
)
def test_bad_edits_change_nothing(call, stored, body, words):
    id_ = of(stored(quality(0.5)))
    answer = call.put(f"/v1/images/{id_}/edits", data=body)
    assert answer.status_code == 400
    assert words in answer.json()["errors"][0]["detail"]
    assert call.get(f"/v1/images/{id_}").json()["revision"] == 0


def test_an_image_without_a_result_cannot_be_edited_or_decided(call, stored):
    """A first try without a report looks for no edits."""
    id_ = of(stored())
    for what, body in (("edits", {"strokes": [STROKE]}), ("decision", {"decision": "approved"})):
        answer = put(call, id_, what, revision=0, **body)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "not_cut")


def test_damaged_edits_are_named_and_not_overwritten(call, made, stored):
    key = stored(quality(0.5))
    made.client("s3").put_object(Bucket=made.output_bucket, Key=f"{key}/edits.json", Body=b"{")
    answer = put(call, of(key), "decision", revision=0, decision="approved")
    assert answer.status_code == 400
    assert "edits.json cannot be used" in answer.json()["errors"][0]["detail"]
    assert call.get(f"/v1/images/{of(key)}").json()["state"] == "waiting"  # until the image is rejected for it


@pytest.mark.parametrize("report", [{"status": 1, "object": {}}, {"mark": None}])
def test_what_is_not_hairlines_report_is_none(call, made, stored, report):
    key = stored()
    body = b"[]" if report == {"mark": None} else b"{}"
    made.client("s3").put_object(Bucket=made.output_bucket, Key=f"{key}/report.json", Body=body)
    assert call.get(f"/v1/images/{of(key)}").json()["state"] == "waiting"


def test_an_image_that_was_replaced_waits(call, made, stored):
    key = stored(quality(0.5))
    made.client("s3").put_object(Bucket=made.input_bucket, Key=key, Body=b"another")
    assert call.get(f"/v1/images/{of(key)}").json()["state"] == "waiting"


@pytest.mark.parametrize("path", ["/v1/images/none", "/v1/images/" + "0" * 32, "/v1/images/" + "0" * 33])
def test_an_image_that_does_not_exist_is_not_found(call, path):
    assert call.get(path).status_code == 404


def test_the_limits_need_a_key(call):
    session = call.get("/v1/session").json()
    assert session["local"] is False
    assert session["max_bytes"] == 40_000_000
    for path in ("/v1/session", "/v1/images"):
        assert call.get(path, headers={"X-Api-Key": "revoked"}).status_code == 403


@pytest.mark.parametrize("name", ["", "x" * 256, 5])
def test_a_wrong_name_is_named(call, name):
    answer = call.post("/v1/jobs", json={"name": name})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["detail"].startswith("name must be text")


@pytest.mark.parametrize("name", ["<img onerror=alert(1)>.jpg", "\"a'.jpg", "\u202egpj.exe", "../../up.jpg", "😀.png"])
def test_any_name_comes_back_as_it_was(call, stored, name):
    id_ = upload(call, b"x", name)
    assert call.get(f"/v1/images/{id_}").json()["name"] == name


@pytest.mark.parametrize(("limits", "shown"), [({"MOST": 3}, 3), ({"MAX_S": 0.05}, 0)])
def test_a_list_in_time_is_better_than_a_complete_one(monkeypatch, limits, shown):
    for name, value in limits.items():
        monkeypatch.setattr(image_list, name, value)
    many = [Listed(f"api/t/{n:032x}", 1, None, "e") for n in range(12)]

    def read(_self, source, _files):
        time.sleep(0.1)
        return Reviewed(id=source.key, name="photo.jpg")

    monkeypatch.setattr(ImageList, "_read", read)
    found = ImageList(None, lambda _: iter(many), lambda _: iter(()), None).page("t", "all", None, None)
    assert (len(found["images"]), found["complete"]) == (shown, False)
