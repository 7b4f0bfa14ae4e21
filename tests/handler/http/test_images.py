"""Images as a person reviews them, over the API on a stack with a worker: list, edits, decisions, tenants."""

import io
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import requests
from PIL import Image

STROKE = {"tool": "remove", "radius": 10, "points": [[100, 150], [150, 150]]}


def upload(call, data, name=None, **more):
    job = call.post("/v1/jobs", json={"name": name, **more} if name else more).json()
    form = job["upload"]
    answer = requests.post(form["url"], data=form["fields"], files={"file": data}, timeout=30)
    assert answer.status_code < 300
    return job["id"]


def settled(call, id_):
    """The record, as soon as the image does not wait any more."""
    end = time.monotonic() + 120
    while (record := call.get(f"/v1/images/{id_}").json())["state"] == "waiting":
        assert time.monotonic() < end
        time.sleep(0.2)
    return record


def listed(call, **query):
    answer = call.get("/v1/images", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def put(call, id_, what, **body):
    return call.put(f"/v1/images/{id_}/{what}", json=body)


def alpha(made, call, id_):
    link = call.get(f"/v1/jobs/{id_}").json()["files"]["alpha.png"]
    return np.asarray(Image.open(io.BytesIO(requests.get(link, timeout=30).content))).astype(int)


def test_a_stroke_is_cut_approved_and_kept_and_the_second_writer_gets_a_conflict(call, working, photo):
    id_ = upload(call, photo, "grüner Schuh.jpg")
    first = settled(call, id_)
    assert (first["state"], first["name"], first["revision"]) == ("done", "grüner Schuh.jpg", 0)
    assert (first["width"], first["height"], first["strokes"]) == (256, 256, [])
    before = alpha(working, call, id_)
    answer = put(call, id_, "edits", revision=0, strokes=[STROKE], options={})
    assert (answer.status_code, answer.json()["state"], answer.json()["revision"]) == (200, "waiting", 1)
    done = settled(call, id_)
    assert (done["state"], done["strokes"]) == ("done", [STROKE])
    assert done["version"] != first["version"]
    after = alpha(working, call, id_)
    assert (before[145:156, 100:150] > 200).all()
    assert (after[145:156, 100:150] == 0).all()
    assert np.abs(after - before)[:90].max() <= 8  # far above the stroke

    late = put(call, id_, "edits", revision=0, strokes=[], options={})
    assert (late.status_code, late.json()["errors"][0]["code"]) == (409, "edited_meanwhile")
    assert late.json()["current"] == done
    approved = put(call, id_, "decision", revision=1, decision="approved").json()
    assert (approved["decision"], approved["state"], approved["strokes"]) == ("approved", "done", [STROKE])
    assert id_ in [each["id"] for each in listed(call, state="approved")["images"]]
    assert id_ not in [each["id"] for each in listed(call, state="ready")["images"]]
    again = put(call, id_, "edits", revision=2, strokes=[STROKE], options={"shift": 1}).json()
    assert again["decision"] is None  # edits clear the decision
    assert settled(call, id_)["options"] == {"roi": None, "holes": "auto", "shift": 1, "feather": 0}
    assert call.delete(f"/v1/jobs/{id_}").status_code == 204
    left = working.client("s3").list_objects_v2(Bucket=working.output_bucket).get("Contents", [])
    assert not [item["Key"] for item in left if id_ in item["Key"]]


def test_a_key_sees_its_own_images_and_no_other_keys(call, other, working, photo):
    id_ = upload(call, photo, "mine.jpg")
    settled(call, id_)
    assert id_ in [each["id"] for each in listed(call)["images"]]
    assert listed(other) == {
        "images": [],
        "next": None,
        "counts": dict.fromkeys(("all", "working", "review", "ready", "approved", "rejected", "failed"), 0),
        "formats": {},
        "complete": True,
    }
    for answer in (
        other.get(f"/v1/images/{id_}"),
        put(other, id_, "edits", revision=0, strokes=[STROKE]),
        put(other, id_, "decision", revision=0, decision="approved"),
    ):
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, "not_found")
    assert call.get(f"/v1/images/{id_}").json()["revision"] == 0


def test_a_file_that_is_not_an_image_says_so_and_comes_first(call, working, photo):
    good = upload(call, photo)
    id_ = upload(call, b"a list of photographs", "notes.jpg")
    settled(call, good)
    record = settled(call, id_)
    assert (record["state"], record["confidence"], record["width"]) == ("failed", None, None)
    assert record["message"].startswith("This is text, not an image.")
    assert listed(call)["images"][0]["state"] == "failed"
    assert {each["id"] for each in listed(call, state="failed")["images"]} >= {id_}


def test_of_writers_at_the_same_time_one_wins(call, working, photo):
    id_ = upload(call, photo)
    settled(call, id_)

    def shift(pixels):
        return put(call, id_, "edits", revision=0, options={"shift": pixels}).status_code

    with ThreadPoolExecutor(4) as pool:
        tries = list(pool.map(shift, range(1, 5)))
    assert sorted(tries) == [200, 409, 409, 409]
    record = settled(call, id_)
    assert (record["revision"], record["options"]["shift"]) == (1, 1 + tries.index(200))


def test_a_repeated_request_succeeds_and_changes_nothing_more(call, working, photo):
    id_ = upload(call, photo)
    settled(call, id_)
    for what, body in (
        ("edits", {"revision": 0, "strokes": [STROKE]}),
        ("decision", {"revision": 1, "decision": "rejected"}),
    ):
        first, again = (put(call, id_, what, **body) for _ in range(2))
        assert (first.status_code, again.status_code) == (200, 200)
        assert again.json()["revision"] == first.json()["revision"] == body["revision"] + 1
    assert settled(call, id_)["strokes"] == [STROKE]
