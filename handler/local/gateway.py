"""A stand-in for API Gateway: checks keys, applies the usage plan, and sends requests to functions.

Routes and gateway responses are those of template.yaml. The events have the format of
https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html. Not emulated: the
daily quota.
"""

import base64
import binascii
import hmac
import json
import re
import time
import traceback
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from handler.local import template
from handler.local.container import FunctionFailed
from handler.local.plan import Bucket

MAX_BODY = 10 * 1024 * 1024
"""Bytes of a request that API Gateway accepts.
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
"""
MAX_EVENT = 6 * 1024 * 1024
"""Bytes of an event, or of a reply, that Lambda accepts."""


ANY = "ANY"
"""The method of a route for all methods without a route of their own at its path."""

Function = Callable[[Mapping[str, Any]], Any]


class Answer(NamedTuple):
    """headers: name to all values."""

    status: int
    headers: Mapping[str, list[str]]
    body: bytes


class Request(NamedTuple):
    """headers: in the order in which they were sent. target: path and query."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes


@dataclass(frozen=True, slots=True)
class Route:
    """A method of a path. pattern: of the path, with a group for each parameter."""

    method: str
    resource: str
    pattern: re.Pattern[str]
    function: str
    needs_key: bool


class Gateway:
    """functions: by their logical ids; each turns an event into a reply. keys: API key to its id. rate, burst: requests
    of a key per second, and at once. custom_domain: whether paths have no stage, as at a domain of your own, or begin
    with it, as in the stack's output ApiUrl.

    disabled: keys that are switched off, as `aws apigateway update-api-key` does. It may change while requests come.
    """

    def __init__(
        self,
        functions: Mapping[str, Function],
        keys: Mapping[str, str],
        *,
        rate: float,
        burst: float,
        custom_domain: bool = False,
    ) -> None:
        described = template.load()
        self._functions, self._keys = functions, keys
        self.disabled: set[str] = set()
        self._stage = template.properties(described, "ImageApi")["StageName"]
        self.base = "" if custom_domain else f"/{self._stage}"
        served = [route for route in routes(described) if route.function in functions]
        # API Gateway chooses the resource first, the one with the fewest parameters, and then the method.
        self._routes = sorted(served, key=lambda route: (route.resource.count("{"), route.method == ANY))
        own = template.properties(described, "ImageApi")["GatewayResponses"]
        self._own = template.resolve(own, template.defaults(described), described)
        self._buckets = {id_: Bucket(rate, burst) for id_ in keys.values()}

    def answer(self, request: Request) -> Answer:
        """The response to a request."""
        id_ = str(uuid.uuid4())
        whole = urlsplit(request.target).path
        if not whole.startswith(f"{self.base}/"):
            return _NO_SUCH_STAGE
        path = whole.removeprefix(self.base)
        found = next(
            (
                (route, match)
                for route in self._routes
                if (match := route.pattern.fullmatch(path)) is not None and route.method in (request.method, ANY)
            ),
            None,
        )
        if found is None:
            return self._gateway_response("MISSING_AUTHENTICATION_TOKEN", id_)
        route, match = found
        key = None
        if route.needs_key:
            key = self._key_id(_first(request, "x-api-key"))
            if key is None:
                return self._gateway_response("INVALID_API_KEY", id_)
            if not self._buckets[key].take():
                return self._gateway_response("THROTTLED", id_)
        if len(request.body) > MAX_BODY:
            return self._gateway_response("REQUEST_TOO_LARGE", id_)
        parameters = {name: unquote(text) for name, text in match.groupdict().items()}
        event = _event(request, route, parameters) | {
            "path": unquote(path),
            "requestContext": {
                "requestId": id_,
                "requestTimeEpoch": round(1000 * time.time()),
                "resourcePath": route.resource,
                "httpMethod": request.method,
                "path": whole,
                "stage": self._stage,
                "domainName": urlsplit(f"//{_first(request, 'host')}").hostname or "",
                "identity": {"apiKeyId": key, "sourceIp": "127.0.0.1"},
            },
        }
        if len(event["body"] or "") > MAX_EVENT:
            return self._gateway_response("REQUEST_TOO_LARGE", id_)
        try:
            return _reply(self._functions[route.function](event))
        except FunctionFailed:  # its log has the traceback
            return self._gateway_response("DEFAULT_5XX", id_)
        except Exception:  # noqa: BLE001  API Gateway answers 5xx for any exception and any malformed reply
            traceback.print_exc()
            return self._gateway_response("DEFAULT_5XX", id_)

    def _key_id(self, sent: str) -> str | None:
        enabled = (item for item in self._keys.items() if item[0] not in self.disabled)
        return next((id_ for key, id_ in enabled if hmac.compare_digest(key.encode(), sent.encode())), None)

    def _gateway_response(self, name: str, id_: str) -> Answer:
        own = self._own[name]
        body = own["ResponseTemplates"]["application/json"].encode()
        known = {"context.requestId": id_}
        set_ = own["ResponseParameters"]["Headers"]
        headers = {name: [known.get(value) or value.strip("'")] for name, value in set_.items()}
        if name in _ERROR_TYPES:
            headers["x-amzn-ErrorType"] = [_ERROR_TYPES[name]]
        return Answer(own["StatusCode"], {"Content-Type": ["application/json"], **headers}, body)


def routes(described: Mapping[str, Any]) -> list[Route]:
    """The routes of the functions in the template."""
    found = []
    for name, resource in described["Resources"].items():
        if resource["Type"] != "AWS::Serverless::Function":
            continue
        for event in resource["Properties"].get("Events", {}).values():
            if event["Type"] in ("Api", "HttpApi"):
                path = event["Properties"]["Path"]
                parts = re.split(r"\{(\w+)\}", path)
                pattern = "".join(f"(?P<{part}>[^/]+)" if n % 2 else re.escape(part) for n, part in enumerate(parts))
                needs_key = event["Properties"].get("Auth", {}).get("ApiKeyRequired", False)
                # A REST API ignores slashes at the end of a path.
                compiled = re.compile(f"{pattern}/*")
                found.append(Route(event["Properties"]["Method"], path, compiled, name, needs_key))
    return found


_ERROR_TYPES = {
    "INVALID_API_KEY": "ForbiddenException",
    "MISSING_AUTHENTICATION_TOKEN": "MissingAuthenticationTokenException",
}
"""Of gateway responses. https://repost.aws/knowledge-center/api-gateway-troubleshoot-403-forbidden"""
_NO_SUCH_STAGE = Answer(
    403,
    {"Content-Type": ["application/json"], "x-amzn-ErrorType": ["ForbiddenException"]},
    b'{"message":"Forbidden"}',
)
"""The response of execute-api if the first segment is not a stage. The API's GatewayResponses do not apply."""


def _first(request: Request, name: str) -> str:
    """The value of a header, "" if it was not sent. name: in lower case."""
    return next((value for sent, value in request.headers if sent.lower() == name), "")


def _event(request: Request, route: Route, parameters: dict[str, str]) -> dict[str, Any]:
    parts = urlsplit(request.target)
    headers: dict[str, list[str]] = {}
    for name, value in request.headers:
        if name.lower() != "x-api-key":
            headers.setdefault(name, []).append(value)
    query: dict[str, list[str]] = {}
    for name, value in parse_qsl(parts.query, keep_blank_values=True, errors="replace"):
        query.setdefault(name, []).append(value)
    return {
        "resource": route.resource,
        "httpMethod": request.method,
        "headers": {name: values[-1] for name, values in headers.items()},
        "multiValueHeaders": headers,
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": parameters or None,
        "stageVariables": None,
        "body": base64.b64encode(request.body).decode() if request.body else None,
        "isBase64Encoded": bool(request.body),
    }


def _reply(reply: Any) -> Answer:
    """The response of a function's reply. Raises an exception if it is malformed; API Gateway then answers 502."""
    if len(json.dumps(reply)) > MAX_EVENT:
        raise ValueError("The reply is too large for Lambda.")
    text = reply.get("body") or ""
    try:
        body = base64.b64decode(text, validate=True) if reply.get("isBase64Encoded") else text.encode()
    except binascii.Error as error:
        raise ValueError("The reply is not base64.") from error
    headers = {**{name: [value] for name, value in (reply.get("headers") or {}).items()}}
    headers |= reply.get("multiValueHeaders") or {}
    return Answer(int(reply["statusCode"]), headers, body)
