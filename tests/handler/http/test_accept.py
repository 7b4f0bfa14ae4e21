"""Whether a client gets JSON or the image, by the Accept header that it sends."""

import base64

import pytest

from handler.http.accept import prefers_json

WANTS_JSON = [
    "application/json",
    "APPLICATION/JSON",
    "application/json; charset=utf-8",
    "application/json;q=0.1",
    "text/html, application/json;q=0.1",
    "application/json, image/png;q=0.5",
    "application/json, */*;q=0.8",
    "*/*;q=0.1, image/png;q=0.5, application/json ; Q=0.9",
    "image/*;q=0, application/zip;q=0, application/json;q=0.001",
    "application/json, image/*;q=0.9, */*;q=0.1",
    "nonsense, application/json",
]
WANTS_THE_IMAGE = [
    "",
    "*/*",
    "image/*",
    "image/png",
    "text/html",
    "application/json, text/plain, */*",  # axios
    "application/json;q=1.0, image/*",
    "image/png, application/json;q=0.5",
    "text/html,application/xhtml+xml,*/*;q=0.8,application/json;q=0.1",
    "image/webp, application/json",
    "application/json;q=0",
    "application/json-seq",
    "xapplication/json",
    "application/problem+json",
    "application/json;q=0.5;x=1, */*;q=0.5",
]


@pytest.mark.parametrize(
    ("accept", "expected"), [(a, True) for a in WANTS_JSON] + [(a, False) for a in WANTS_THE_IMAGE]
)
def test_json_is_sent_only_to_a_client_that_prefers_it(accept, expected):
    assert prefers_json(accept) is expected


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [("application/json, text/plain, */*", "image/png"), ("Application/JSON", "application/json")],
)
def test_the_response_has_the_form_that_the_client_prefers(call, photo, accept, content_type):
    answer = call.post("/v1.0/removebg", files={"image_file": photo}, headers={"Accept": accept})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, content_type)
    data = answer.content if content_type == "image/png" else base64.b64decode(answer.json()["data"]["result_b64"])
    assert data.startswith(b"\x89PNG")
