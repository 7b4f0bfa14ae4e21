"""POST /v1/cutouts, and what is too large or too slow to be answered at once."""

import base64
import io
import time

import numpy as np
import pytest
import requests
from PIL import Image

from handler.http import responses
from handler.http.api_errors import CODES, ApiError, from_error, from_image_error
from handler.http.queries import QUERIES, changes
from pipeline import errors
from pipeline.errors import BadOptions, HairlineError
from pipeline.formats import CONTENT_TYPES
from pipeline.options import Options
from tests.handler.http.conftest import png


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
def test_a_rejection_has_the_pipelines_message(call, query, data, status, code):
    answer = call.post(f"/v1/cutouts{query}", data=data)
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["code"]) == (status, code)
    assert len(error["title"]) < 40 < len(error["title"] + error["detail"])


def test_the_message_about_a_canvas_with_too_many_pixels_names_the_limit(call):
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
def test_a_wrong_query_is_rejected_by_name(query, words):
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


def test_every_error_code_has_a_title_and_a_status():
    for code in CODES:
        assert ApiError(code).http == CODES[code].status
    assert all(kind.startswith("image/") for kind in CONTENT_TYPES)
    with pytest.raises(BadOptions):
        changes({"nope": ["1"]})
