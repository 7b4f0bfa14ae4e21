"""POST /v1/cutouts, and what is too large or too slow to be answered at once."""

import io
import time
from types import SimpleNamespace

import numpy as np
import pytest
import requests
from PIL import Image

from handler.http import cutout_app, cutting, responses
from handler.http.api_errors import CODES, ApiError, from_error, from_image_error
from handler.http.cutting import CutRequest, estimate
from handler.http.queries import QUERIES, changes
from handler.local.poller import Context
from pipeline import errors
from pipeline.errors import BadOptions, HairlineError, OutOfTime
from pipeline.formats import CONTENT_TYPES
from pipeline.options import Options


def test_the_body_is_the_picture_and_headers_say_how_sure(call, photo):
    answer = call.post("/v1/cutouts?format=webp&crop=true", data=photo, headers={"Content-Type": "image/jpeg"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/webp")
    assert 0 <= float(answer.headers["X-Hairline-Confidence"]) <= 1
    assert answer.headers["X-Hairline-Needs-Review"] in ("true", "false")
    assert answer.headers["X-Hairline-Model"] == "u2netp"
    with Image.open(io.BytesIO(answer.content)) as made:
        assert (str(made.width), str(made.height)) == (answer.headers["X-Width"], answer.headers["X-Height"])


def test_a_profile_gives_the_listing_picture(call, photo):
    answer = call.post("/v1/cutouts?marketplace=amazon-main", data=photo)
    with Image.open(io.BytesIO(answer.content)) as made:
        assert (made.format, made.mode) == ("JPEG", "RGB")
        assert made.getpixel((0, 0)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("query", "data", "status", "code"),
    [
        ("", b"", 422, "empty_image"),
        ("", b"hello", 415, "not_an_image"),
        ("?format=gif", b"hello", 400, "bad_options"),
        ("?quality=high", b"hello", 400, "bad_options"),
        ("?quality=0", b"hello", 400, "bad_options"),
        ("?colour=red", b"hello", 400, "bad_options"),
        ("?crop=true&crop=false", b"hello", 400, "bad_options"),
        ("?max_bytes=1", b"hello", 400, "bad_options"),
        ("?marketplace=nobody", b"hello", 400, "bad_options"),
        ("?marketplace=ebay,etsy", b"hello", 400, "bad_options"),
    ],
)
def test_a_refusal_is_in_the_pipelines_words(call, query, data, status, code):
    answer = call.post(f"/v1/cutouts{query}", data=data)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (status, code)


def test_every_option_can_be_asked_for_or_is_named_as_left_out():
    names = {name for name, row in Options.table().items() if not row.operator}
    assert {row.name for row in QUERIES.values()} == names - {"trimap", "scribbles", "stages"}


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"marketplaces": ["etsy"]}, "Unknown option 'marketplaces'. Did you mean marketplace"),
        ({"crop": ["maybe"]}, "crop is 'maybe', but must be true or false"),
        ({"depth": ["deep"]}, "depth is 'deep', but must be one of 8, 16"),
        ({"crop": ["true", "true"]}, "crop is given 2 times"),
    ],
)
def test_a_wrong_query_is_refused_by_name(query, words):
    with pytest.raises(BadOptions, match=words):
        changes(query)


def test_what_a_query_says_is_of_the_options_types():
    query = {"crop": ["1"], "scale": ["50"], "canvas": ["800x600"], "marketplace": ["etsy"]}
    asked = changes(query)
    assert asked == {"crop": True, "scale": 50.0, "canvas": "800x600", "marketplaces": ["etsy"]}


def test_an_answer_that_does_not_fit_is_a_link(call, photo):
    large, noise = io.BytesIO(), io.BytesIO()
    Image.open(io.BytesIO(photo)).resize((1800, 1800)).save(large, "JPEG")
    pixels = np.random.default_rng(0).integers(0, 256, (1800, 1800, 3), np.uint8)
    Image.fromarray(pixels).save(noise, "JPEG", quality=75)
    files = {"image_file": ("a.jpg", large.getvalue()), "bg_image_file": ("b.jpg", noise.getvalue())}
    answer = call.post("/v1.0/removebg", files=files, data={"size": "50MP", "format": "png"})
    assert answer.status_code == 303
    made = requests.get(answer.headers["Location"], timeout=30)
    assert made.headers["Content-Type"] == "image/png"
    assert len(made.content) > responses.MAX_RESPONSE_BYTES


class Parked:
    def put(self, tenant, data, content_type):
        self.parked = tenant, data, content_type
        return "https://link"


@pytest.mark.parametrize("more", [0, 1])
def test_the_largest_answer_and_one_byte_more(more):
    data, parking = b"x" * (responses.MAX_RESPONSE_BYTES + more), Parked()
    plain = responses.image(data, "image/png", {"X-A": "1"}, parking, "tenant")
    told = responses.image_in_json(data, "image/png", {"n": 1}, {}, parking, "tenant")
    assert plain.status_code == (303 if more else 200)
    assert plain.headers["X-A"] == "1"
    assert ("result_url" in told.body) == bool(more)
    if more:
        assert plain.headers["Location"] == "https://link"
        assert parking.parked == ("tenant", data, "image/png")
    assert len(told.body) < 6_291_556


def png(width, height):
    buffer = io.BytesIO()
    Image.new("L", (width, height)).save(buffer, "PNG")
    return buffer.getvalue()


def test_a_picture_that_would_take_too_long_becomes_a_job_before_it_is_begun():
    def never():
        raise AssertionError

    asked = CutRequest(png(8000, 5000), Options(), {"crop": True})
    assert cutting.cut(asked, never, lambda: 29, lambda a, kind: {"id": "1", "kind": kind, "same": a is asked}) == {
        "id": "1",
        "kind": "image/png",
        "same": True,
    }


def test_the_seconds_in_which_a_container_brings_its_network_are_not_the_pictures(monkeypatch):
    left, deadlines = iter([29, 10]), []
    monkeypatch.setattr(cutting, "cut_out", lambda *_, deadline: deadlines.append(deadline))
    cutting.cut(CutRequest(png(10, 10), Options(), {}), lambda: None, lambda: next(left), lambda *_: {})
    assert deadlines == [8]


@pytest.mark.parametrize(("waited_s", "lambda_s", "left_s"), [(0, 29, 29), (3, 29, 26), (20, 15, 9), (1, 5, 5)])
def test_the_time_in_which_a_new_container_starts_counts(monkeypatch, waited_s, lambda_s, left_s):
    """API Gateway ends a request 29 s after it came; Lambda counts from the end of the container's start."""
    context = {"requestTimeEpoch": 1000 * (time.time() - waited_s), "requestId": "1"}
    event = SimpleNamespace(raw_event={"requestContext": context})
    monkeypatch.setattr(cutout_app.app, "current_event", event, raising=False)
    monkeypatch.setattr(cutout_app.app, "lambda_context", Context(lambda_s, 1769), raising=False)
    monkeypatch.setattr(cutting, "cut", lambda _request, _segmenter, seconds_left, _make_job: {"left": seconds_left()})
    made = cutout_app._cut(CutRequest(b"", Options(), {}), "tenant")
    assert made["left"] == pytest.approx(left_s, abs=0.5)


def test_one_that_cannot_become_a_job_is_refused():
    with pytest.raises(OutOfTime, match="smaller size"):
        cutting.cut(CutRequest(png(8000, 5000), Options(), None), lambda: None, lambda: 29, lambda *_: {})


def test_a_preview_of_a_large_picture_is_not_long():
    assert estimate((8000, 5000), 0.25) < cutting.MAX_SECONDS < estimate((8000, 5000), None)


def test_a_slow_picture_is_a_job_over_http(call):
    buffer = io.BytesIO()
    Image.new("RGB", (7000, 5000), "white").save(buffer, "PNG")
    answer = call.post("/v1/cutouts?shadow=drop", data=buffer.getvalue())
    assert (answer.status_code, answer.json()["status"]) == (202, "working")
    assert call.follow(answer).json()["id"] == answer.json()["id"]
    assert answer.json()["created"] <= time.time()


def test_every_error_of_the_pipelines_has_an_answer():
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, HairlineError)]
    assert len(kinds) > 10
    for kind in kinds:
        for refusal in (from_image_error(kind("words")), from_error(kind("words"))):
            assert 400 <= refusal.http < 600
            assert refusal.http < 500 or "words" not in refusal.body()
    assert from_error(KeyError("secret")).code == "internal_error"
    assert "secret" not in from_error(KeyError("secret")).body()


def test_a_refusal_has_a_title_and_a_status_for_each_code():
    for code in CODES:
        assert ApiError(code).http == CODES[code].status
    assert all(kind.startswith("image/") for kind in CONTENT_TYPES)
    with pytest.raises(BadOptions):
        changes({"nope": ["1"]})
