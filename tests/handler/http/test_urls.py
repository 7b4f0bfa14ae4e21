"""Where the API says that its resources are: below a stage, at a custom domain, below a base path mapping."""

import time

import pytest
import requests

from handler.http import urls
from handler.local import api
from handler.local.gateway import Gateway, Request


def event(path, resource):
    return {"requestContext": {"path": path, "resourcePath": resource, "domainName": "api.example"}}


@pytest.mark.parametrize("base", ["", "/live", "/cut", "/v1", "/v1/jobs"])
@pytest.mark.parametrize(
    ("path", "resource"),
    [
        ("/v1/jobs", "/v1/jobs"),
        ("/v1/jobs/", "/v1/jobs"),
        ("/v1.0/removebg", "/v1.0/removebg"),
        ("/v1/jobs/a%2Fb", "/v1/jobs/{id}"),
    ],
)
def test_the_base_is_what_precedes_the_route(base, path, resource):
    asked = event(base + path, resource)
    assert urls.base(asked) == base
    assert urls.job(asked, "5") == f"{base}/v1/jobs/5"


def gateway(seen, **more):
    functions = dict.fromkeys(api.FUNCTIONS, lambda event: seen.append(event) or {"statusCode": 200})
    return Gateway(functions, {"a": "1"}, rate=10, burst=10, **more)


@pytest.mark.parametrize(("custom_domain", "base"), [(False, "/live"), (True, "")])
def test_the_event_says_where_the_client_is(custom_domain, base):
    seen = []
    made = gateway(seen, custom_domain=custom_domain)
    headers = [("Host", "api.example:8080"), ("X-Api-Key", "a")]
    assert made.answer(Request("GET", f"{base}/v1.0/account?a=1", headers, b"")).status == 200
    context = seen[0]["requestContext"]
    assert seen[0]["path"] == "/v1.0/account"
    assert (context["path"], context["stage"]) == (f"{base}/v1.0/account", "live")
    assert context["domainName"] == "api.example"
    assert context["requestTimeEpoch"] == pytest.approx(1000 * time.time(), abs=60_000)


@pytest.mark.parametrize("path", ["/v1.0/account", "/", "/lived/v1.0/account", "/live"])
def test_a_path_without_the_stage_is_forbidden_as_execute_api_forbids_it(path):
    seen = []
    answer = gateway(seen).answer(Request("GET", path, [("X-Api-Key", "a")], b""))
    assert (answer.status, answer.body) == (403, b'{"message":"Forbidden"}')
    assert seen == []


def test_the_description_names_the_stage_as_its_server(call):
    answer = call.get("/v1/openapi.json")
    assert answer.json()["servers"] == [{"url": "/live"}]
    assert call.site.url.endswith("/live")
    assert requests.get(call.site.url.removesuffix("/live") + "/v1/openapi.json", timeout=30).status_code == 403
