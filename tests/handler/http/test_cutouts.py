"""POST /v1/cutouts, and what is too large or too slow to be answered at once."""

import base64
import io
import time
from types import SimpleNamespace

import numpy as np
import pytest
import requests
from PIL import Image

from handler import observability
from handler.http import cutout_app, cutting, responses, wiring
from handler.http.api_errors import CODES, ApiError, from_error, from_image_error
from handler.http.cutting import estimate, megapixels_in_time
from handler.http.queries import QUERIES, changes
from handler.http.removebg import ParsedRequest
from handler.local.poller import Context
from pipeline import decode, errors
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


def test_a_marketplace_gives_its_listing_image_and_headers_describe_that(call, photo):
    answer = call.post("/v1/cutouts?marketplace=amazon-main", data=photo)
    with Image.open(io.BytesIO(answer.content)) as made:
        assert (made.format, made.mode) == ("JPEG", "RGB")
        assert made.getpixel((0, 0)) == (255, 255, 255)
        sizes = [int(answer.headers[f"X-{name}"]) for name in ("Width", "Height", "Max-Width", "Max-Height")]
        assert sizes == [*made.size, *made.size]
        names = ("Left", "Top", "Width", "Height")
        left, top, width, height = (int(answer.headers[f"X-Foreground-{name}"]) for name in names)
        dark = made.convert("L").point(lambda value: 255 * (value < 200)).getbbox()
    assert left <= dark[0] < dark[2] <= left + width
    assert top <= dark[1] < dark[3] <= top + height
    assert max(width / made.width, height / made.height) > 0.8  # it fills 85 % of the canvas


@pytest.mark.parametrize(("query", "size"), [("canvas=300x200", ("300", "200")), ("", ("256", "256"))])
def test_the_full_size_of_a_canvas_is_its_own(call, photo, query, size):
    answer = call.post(f"/v1/cutouts?shrink_to_megapixels=0.01&{query}", data=photo)
    assert (answer.headers["X-Max-Width"], answer.headers["X-Max-Height"]) == size


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
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["code"]) == (status, code)
    assert len(error["title"]) < 40 < len(error["title"] + error["detail"])


def test_a_canvas_with_sides_that_are_allowed_and_too_many_pixels_is_told_the_limit(call):
    (error,) = call.post("/v1/cutouts?canvas=20000x20000", data=b"hello").json()["errors"]
    assert "100,000,000 pixels in all" in error["detail"]


def test_every_option_can_be_asked_for_or_is_named_as_left_out():
    names = {name for name, row in Options.table().items() if not row.operator}
    assert {row.name for row in QUERIES.values()} == names - {"trimap", "scribbles", "strokes", "stages", "matte"}


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


@pytest.fixture(scope="module")
def large(photo):
    """The photograph at 1800 x 1800 on noise of that size: the composite does not fit into a response as a PNG."""
    image, noise = io.BytesIO(), io.BytesIO()
    Image.open(io.BytesIO(photo)).resize((1800, 1800)).save(image, "JPEG")
    pixels = np.random.default_rng(0).integers(0, 256, (1800, 1800, 3), np.uint8)
    Image.fromarray(pixels).save(noise, "JPEG", quality=75)
    return {"image_file": ("a.jpg", image.getvalue()), "bg_image_file": ("b.jpg", noise.getvalue())}


def test_a_result_that_does_not_fit_is_a_link_on_cutouts(call, photo):
    answer = call.post("/v1/cutouts?format=tiff&background=white&canvas=5000x5000&scale=100", data=photo)
    assert answer.status_code == 303
    made = requests.get(answer.headers["Location"], timeout=30)
    assert made.headers["Content-Type"] == "image/tiff"
    assert len(made.content) > responses.MAX_RESPONSE_BYTES


@pytest.mark.parametrize("accept", ["*/*", "application/json"])
@pytest.mark.parametrize("size", ["full", "50MP"])
def test_a_named_size_that_does_not_fit_is_an_error_on_removebg(call, large, size, accept):
    data = {"size": size, "format": "png"}
    answer = call.post("/v1.0/removebg", files=large, data=data, headers={"Accept": accept})
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["code"]) == (400, "result_too_large")
    assert "size=auto" in error["detail"]
    assert "/v1/jobs" in error["detail"]


@pytest.mark.parametrize("accept", ["*/*", "application/json"])
def test_size_auto_is_the_largest_image_that_fits(call, large, accept):
    answer = call.post(
        "/v1.0/removebg", files=large, data={"size": "auto", "format": "png"}, headers={"Accept": accept}
    )
    assert answer.status_code == 200, answer.text
    data = answer.content if accept == "*/*" else base64.b64decode(answer.json()["data"]["result_b64"])
    with Image.open(io.BytesIO(data)) as made:
        assert made.format == "PNG"
        assert made.size == (int(answer.headers["X-Width"]), int(answer.headers["X-Height"]))
    assert 0.75 * responses.MAX_RESPONSE_BYTES < len(data) <= responses.MAX_RESPONSE_BYTES
    assert (answer.headers["X-Max-Width"], answer.headers["X-Max-Height"]) == ("1800", "1800")
    left, width = (int(answer.headers[f"X-Foreground-{side}"]) for side in ("Left", "Width"))
    assert 0 <= left < left + width <= made.width


def test_what_takes_too_long_is_an_error_on_removebg(call):
    files = {"image_file": ("a.png", png(7000, 5000))}
    answer = call.post("/v1.0/removebg", files=files, data={"size": "50MP", "format": "jpg"})
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["code"]) == (400, "takes_too_long")
    assert "size=auto" in error["detail"]
    assert "/v1/jobs" in error["detail"]


class Parked:
    def put(self, tenant, data, content_type):
        self.parked = tenant, data, content_type
        return "https://link"


@pytest.mark.parametrize("more", [0, 1])
def test_the_largest_response_and_one_byte_more(more):
    data, parking = b"x" * (responses.MAX_RESPONSE_BYTES + more), Parked()
    plain = responses.image(data, "image/png", {"X-A": "1"}, parking, "tenant")
    assert plain.status_code == (303 if more else 200)
    assert plain.headers["X-A"] == "1"
    if more:
        assert plain.headers["Location"] == "https://link"
        assert parking.parked == ("tenant", data, "image/png")
    else:
        assert len(responses.image_in_json(data, {"n": 1}, {}).body) < 6_291_556


def png(width, height):
    buffer = io.BytesIO()
    Image.new("L", (width, height)).save(buffer, "PNG")
    return buffer.getvalue()


def test_an_image_that_would_take_too_long_is_not_begun():
    def never():
        raise AssertionError

    with pytest.raises(OutOfTime, match="about 42 s, and a request must end after 20 s"):
        cutting.cut(png(8000, 5000), (8000, 5000), Options(), never, lambda: 29)


def test_the_seconds_in_which_a_container_loads_its_model_are_taken_from_the_image(monkeypatch):
    left, deadlines = iter([29, 10]), []
    monkeypatch.setattr(cutting, "cut_out", lambda *_, deadline: deadlines.append(deadline))
    cutting.cut(png(10, 10), (10, 10), Options(), lambda: None, lambda: next(left))
    assert deadlines == [8]


def test_a_phones_photo_is_not_shrunk_at_the_first_try():
    assert megapixels_in_time((4032, 3024), cutting.FIRST_TRY_SECONDS) >= 4032 * 3024 / 1e6


@pytest.mark.parametrize("seconds", [29, 20, 12])
@pytest.mark.parametrize("size", [(1000, 1000), (6000, 4000), (8000, 6000)])
def test_what_can_be_cut_in_time_is_begun(seconds, size):
    most = megapixels_in_time(size, seconds)
    assert most >= 0.25
    if most > 0.25:
        assert estimate(size, most) <= min(cutting.MAX_SECONDS, seconds - 2)


@pytest.mark.parametrize(("waited_s", "lambda_s", "left_s"), [(0, 29, 29), (3, 29, 26), (20, 15, 9), (1, 5, 5)])
def test_the_time_in_which_a_new_container_starts_counts(monkeypatch, waited_s, lambda_s, left_s):
    """API Gateway ends a request 29 s after it came; Lambda counts from the end of the container's start."""
    context = {"requestTimeEpoch": 1000 * (time.time() - waited_s), "requestId": "1"}
    event = SimpleNamespace(raw_event={"requestContext": context})
    monkeypatch.setattr(cutout_app.app, "current_event", event, raising=False)
    monkeypatch.setattr(cutout_app.app, "lambda_context", Context(lambda_s, 1769), raising=False)
    assert cutout_app._seconds_left() == pytest.approx(left_s, abs=0.5)


@pytest.fixture
def counted(monkeypatch):
    """Images that were recorded, during a request that came just now."""
    event = SimpleNamespace(raw_event={"requestContext": {"requestTimeEpoch": 1000 * time.time(), "requestId": "1"}})
    monkeypatch.setattr(cutout_app.app, "current_event", event, raising=False)
    monkeypatch.setattr(cutout_app.app, "lambda_context", Context(29, 1769), raising=False)
    found = []
    monkeypatch.setattr(observability, "record", found.append)
    return found


@pytest.mark.parametrize(("final", "outcomes"), [(True, ["rejected"]), (False, [])])
def test_an_image_that_takes_too_long_is_counted_once(counted, final, outcomes):
    """On removebg here, and as a job's when CutoutFunction cuts it."""
    with pytest.raises(OutOfTime):
        cutout_app._cut(png(8000, 5000), (8000, 5000), Options(), "tenant", final=final)
    assert [image.status for image in counted] == outcomes
    assert {image.identity["tenant"] for image in counted} <= {"tenant"}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"hello", "invalid_file_type"),
        (b"\x89PNG\r\n\x1a\n", "failed_to_read_image"),
        (bytes(1001), "file_too_large"),
        (png(64, 64), "resolution_too_high"),
    ],
)
def test_a_file_that_removebg_rejects_by_its_header_is_counted_once(monkeypatch, counted, data, code):
    deps = SimpleNamespace(
        config=SimpleNamespace(options=Options(max_bytes=1000, max_megapixels=0.004)),
        sources=SimpleNamespace(image=lambda _name, source: source),
    )
    monkeypatch.setattr(wiring, "cutouts", lambda: deps)
    with pytest.raises(ApiError) as rejected:
        cutout_app._removed(ParsedRequest(("image_file", data), None, {}, shrink_to_fit=True), "tenant")
    assert rejected.value.code == code
    assert [(image.status, image.identity["tenant"]) for image in counted] == [("rejected", "tenant")]


def test_the_header_of_an_image_is_read_once_before_it_is_cut(monkeypatch, counted, photo, segmenter):
    measured, measure = [], decode.measure

    def counting(data, **limits):
        measured.append(data)
        return measure(data, **limits)

    deps = SimpleNamespace(
        config=SimpleNamespace(options=Options()), sources=SimpleNamespace(image=lambda _name, source: source)
    )
    monkeypatch.setattr(wiring, "cutouts", lambda: deps)
    monkeypatch.setattr(wiring, "segmenter", lambda: segmenter)
    monkeypatch.setattr(decode, "measure", counting)
    cutout_app._removed(ParsedRequest(("image_file", photo), None, {}, shrink_to_fit=True), "tenant")
    assert measured == [photo]
    assert [image.status for image in counted] == ["done"]


@pytest.mark.parametrize(("limit", "sizes"), [(30, 1), (5, 2), (1.2, 3), (0.3, 4), (0.1, 4)])
def test_size_auto_is_tried_smaller_if_this_machine_is_slower_than_the_estimate(monkeypatch, counted, limit, sizes):
    """limit: the megapixels that it can cut in time."""
    tried = []

    def cut(_data, _size, options, _segmenter, _left):
        tried.append(options.shrink_to_megapixels)
        if tried[-1] > limit:
            raise OutOfTime("late")
        return SimpleNamespace(report=None)

    monkeypatch.setattr(cutting, "cut", cut)
    options = Options(shrink_to_megapixels=25)
    if limit < cutting.MIN_MEGAPIXELS:
        with pytest.raises(OutOfTime):
            cutout_app._cut_in_time(b"", (6000, 4000), options, "tenant")
    else:
        used, _ = cutout_app._cut_in_time(b"", (6000, 4000), options, "tenant")
        assert used.shrink_to_megapixels == tried[-1] <= limit
    assert len(tried) == sizes
    assert tried == sorted(tried, reverse=True)
    assert len(counted) == 1


def test_a_preview_of_a_large_picture_is_not_long():
    assert estimate((8000, 5000), 0.25) < cutting.MAX_SECONDS < estimate((8000, 5000), None)


def test_a_slow_image_is_a_job_on_cutouts(call):
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
