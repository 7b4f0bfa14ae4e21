"""What a web page needs to call the API: preflight responses, and CORS headers on every response, errors included."""

import pytest

from handler.http import headers
from handler.http.methods import METHODS
from handler.http.openapi import document
from handler.local import template
from handler.local.gateway import ANY, routes

PAGE = {"Origin": "https://shop.example", "X-Api-Key": None}
PATHS = [path.replace("{id}", "0" * 32) for path in METHODS]


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize(("path", "methods"), list(zip(PATHS, METHODS.values(), strict=True)))
def test_a_preflight_needs_no_key_and_allows_what_the_path_has(call, path, methods, slash):
    asked = {"Access-Control-Request-Method": methods[0], "Access-Control-Request-Headers": "content-type,x-api-key"}
    answer = call("OPTIONS", path + slash, headers=PAGE | asked)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Access-Control-Allow-Methods"].split(", ") == [*methods, "OPTIONS"]
    allowed = answer.headers["Access-Control-Allow-Headers"].lower().split(", ")
    assert {"content-type", "x-api-key", "idempotency-key"} <= set(allowed)
    assert int(answer.headers["Access-Control-Max-Age"]) >= 600


@pytest.mark.parametrize(
    ("method", "path", "key", "status"),
    [
        ("POST", "/v1.0/removebg", False, 403),
        ("POST", "/v1.0/removebg", True, 400),
        ("POST", "/v1/jobs", True, 202),
        ("GET", "/v1.0/account", True, 200),
        ("PUT", "/v1/cutouts", True, 405),
        ("GET", "/v1/nowhere", True, 404),
    ],
)
def test_a_page_may_read_every_response_and_its_headers(call, method, path, key, status):
    answer = call(method, path, headers={**PAGE, "X-Api-Key": call.key if key else None})
    assert answer.status_code == status
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    readable = answer.headers["Access-Control-Expose-Headers"].split(", ")
    assert {"X-Request-Id", "X-Width", "X-Foreground-Top", "Location", "Retry-After"} <= set(readable)


def test_a_page_may_read_every_header_of_an_image_response(call, photo):
    for path, sent in (("/v1.0/removebg", {"files": {"image_file": photo}}), ("/v1/cutouts", {"data": photo})):
        answer = call.post(path, **sent)
        own = {name for name in answer.headers if name.startswith("X-")}
        assert own
        assert own <= set(headers.EXPOSED.split(", "))


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "GET"])
def test_the_response_to_a_wrong_method_names_the_right_ones(call, method):
    answer = call(method, "/v1.0/removebg")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "POST, OPTIONS"


@pytest.mark.parametrize(("path", "status"), [("/v1.0/account", 200), ("/v1/openapi.json", 200), ("/v1/jobs/0", 404)])
def test_head_is_get_without_the_body(call, path, status):
    answer = call("HEAD", path)
    assert (answer.status_code, answer.content) == (status, b"")
    assert answer.headers["Content-Type"] == call.get(path).headers["Content-Type"]


def test_head_needs_the_key_that_get_needs(call):
    assert call("HEAD", "/v1.0/account", headers={"X-Api-Key": None}).status_code == 403


def test_a_slash_behind_a_path_makes_no_difference(call):
    assert call.get("/v1.0/account/").json() == call.get("/v1.0/account").json()


def test_the_methods_are_the_templates_and_every_path_has_any():
    served = [route for route in routes(template.load()) if not route.resource.startswith("/hooks/")]
    methods = {path: {route.method for route in served if route.resource == path} for path in METHODS}
    assert methods == {path: {*names, ANY} for path, names in METHODS.items()}
    assert {route.function for route in served if route.method == ANY} == {"ApiJobFunction"}
    assert METHODS.keys() == document()["paths"].keys()


@pytest.mark.parametrize("origin", ["*", "https://shop.example"])
def test_the_gateways_own_responses_have_the_same_headers(origin):
    described = template.load()
    own = template.properties(described, "ImageApi")["GatewayResponses"]
    for answer in template.resolve(own, {"CorsOrigin": origin}, described).values():
        sent = answer["ResponseParameters"]["Headers"]
        assert sent["Access-Control-Allow-Origin"] == f"'{origin}'"
        assert sent["Access-Control-Expose-Headers"] == f"'{headers.EXPOSED}'"
