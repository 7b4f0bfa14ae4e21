"""What the gateway answers before any function is asked, and what is told to nobody."""

import json
import time

import pytest
from openapi_spec_validator import validate

from handler.http.api_errors import CODES
from handler.http.openapi import document
from handler.local import api, template
from handler.local.gateway import ANY, Gateway, Request, routes

PATHS = document()["paths"]


@pytest.mark.parametrize("key", [None, "", "wrong"])
@pytest.mark.parametrize("path", ["/v1.0/account", "/v1/jobs/0"])
def test_no_request_is_answered_without_a_key(call, key, path):
    answer = call("GET", path, headers={"X-Api-Key": key})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "auth_failed")
    assert answer.headers["X-Request-Id"]


def test_a_keys_header_may_be_spelt_in_any_case(call):
    assert call("GET", "/v1.0/account", headers={"X-Api-Key": None, "x-api-KEY": call.key}).status_code == 200


@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("POST", "/v1.0/improve"), ("GET", "/v1/jobs/0/0")])
def test_an_unknown_route_is_404(call, method, path):
    answer = call(method, path)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, "not_found")


def test_the_description_needs_no_key_and_is_valid(call):
    answer = call("GET", "/v1/openapi.json", headers={"X-Api-Key": None})
    assert answer.json() == document("/live")
    validate(answer.json())


def test_the_description_names_the_templates_routes_and_no_others():
    described = {(method.upper(), path) for path, methods in PATHS.items() for method in methods}
    served = {(each.method, each.resource) for each in routes(template.load()) if each.method not in ("HEAD", ANY)}
    assert described == {route for route in served if not route[1].startswith("/hooks/")}


def test_responses_state_the_limits_of_the_plan(call):
    """The gem remove_bg prints `rate_limit` only if X-RateLimit-Reset is there."""
    before = time.time()
    headers = call.get("/v1.0/account").headers
    assert headers["X-RateLimit-Limit"] == "20"
    assert before + 2 <= int(headers["X-RateLimit-Reset"]) <= time.time() + 3  # 20 requests at 10 a second
    assert "X-RateLimit-Limit" not in call.get("/v1/openapi.json", headers={"X-Api-Key": None}).headers


def asked(key, path="/live/v1.0/account", body=b""):
    return Request("GET", path, [("X-Api-Key", key)], body)


def gateway(reply, **plan):
    functions = dict.fromkeys(api.FUNCTIONS, lambda _event: reply)
    return Gateway(functions, {"a": "1", "b": "2"}, **{"rate": 1e-9, "burst": 2, **plan})


def test_only_the_key_that_sends_too_many_requests_gets_429():
    made = gateway({"statusCode": 200, "body": "{}"})
    assert [made.answer(asked("a")).status for _ in range(4)] == [200, 200, 429, 429]
    refused = made.answer(asked("a"))
    assert json.loads(refused.body)["errors"][0]["code"] == "rate_limit_exceeded"
    assert refused.headers["Retry-After"] == ["1"]
    assert made.answer(asked("b")).status == 200


def test_a_revoked_key_is_invalid_at_once_and_others_are_not():
    made = gateway({"statusCode": 200, "body": "{}"})
    assert made.answer(asked("a")).status == 200
    made.disabled.add("a")
    answer = made.answer(asked("a"))
    assert (answer.status, json.loads(answer.body)["errors"][0]["code"]) == (403, "auth_failed")
    assert answer.headers["x-amzn-ErrorType"] == ["ForbiddenException"]
    assert made.answer(asked("b")).status == 200
    made.disabled.remove("a")
    assert made.answer(asked("a")).status == 200


@pytest.mark.parametrize(
    "reply",
    [None, {}, {"statusCode": 200, "body": "x" * 7_000_000}, {"statusCode": "no"}, {"statusCode": 200, "body": 5}],
)
def test_a_function_that_replies_nonsense_is_a_500(reply):
    answer = gateway(reply).answer(asked("a"))
    assert (answer.status, json.loads(answer.body)["errors"][0]["code"]) == (500, "internal_error")


@pytest.mark.parametrize("size", [4_800_000, 11_000_000])
def test_the_413_of_a_body_that_is_too_large_names_jobs(size):
    answer = gateway({"statusCode": 200}).answer(asked("a", body=b"x" * size))
    assert answer.status == 413
    assert "/v1/jobs" in json.loads(answer.body)["errors"][0]["detail"]


def test_the_gateways_own_answers_have_the_codes_of_ours():
    own = template.properties(template.load(), "ImageApi")["GatewayResponses"]
    for answer in own.values():
        (error,) = json.loads(answer["ResponseTemplates"]["application/json"])["errors"]
        word = CODES[error["code"]]
        assert (answer["StatusCode"], error["title"]) == (word.status, word.title)
        assert answer["ResponseParameters"]["Headers"]["X-Request-Id"] == "context.requestId"


def test_a_key_is_neither_handed_on_nor_logged():
    seen = []
    functions = dict.fromkeys(api.FUNCTIONS, lambda event: seen.append(event) or {"statusCode": 200})
    Gateway(functions, {"very-secret": "1"}, rate=1, burst=1).answer(asked("very-secret"))
    assert "very-secret" not in json.dumps(seen)
    form = template.properties(template.load(), "ImageApi")["AccessLogSetting"]["Format"]
    assert "apiKeyId" in form
    assert 'identity.apiKey"' not in form
    assert template.properties(template.load(), "ImageApi")["MethodSettings"][0]["LoggingLevel"] == "OFF"
