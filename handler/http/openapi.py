"""The API's description, OpenAPI 3.0, made from the tables that the routes themselves read."""

import functools
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pipeline
from handler.http import queries
from handler.http.api_errors import CODES
from handler.http.headers import CREDITS, EVERY, JUDGEMENT, LOCATION, RETRY, SIZES, Header
from handler.http.parameters import PARAMETERS, SOURCES
from handler.http.recent_results import MAX_HOURS
from pipeline.formats import CONTENT_TYPES

_Json = dict[str, Any]
_IMAGES = ("image/png", "image/jpeg", "image/webp", "application/zip")
_ALL_IMAGES = (*_IMAGES, "image/tiff", "image/avif")
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_TEXT = {"type": "string"}
_URL = {"type": "string", "format": "uri", "pattern": "^https?://", "maxLength": 2048}


def _ref(name: str) -> _Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _in_json(schema: _Json) -> _Json:
    return {"application/json": {"schema": schema}}


def _object(properties: _Json, required: tuple[str, ...] = ()) -> _Json:
    return {"type": "object", "properties": properties} | ({"required": list(required)} if required else {})


def _success(description: str, content: _Json, headers: Mapping[str, Header] = MappingProxyType({})) -> _Json:
    return {"description": description, "headers": _headers(EVERY | dict(headers)), "content": content}


def _headers(headers: Mapping[str, Header]) -> _Json:
    return {name: {"description": row.meaning, "schema": {"type": row.kind}} for name, row in headers.items()}


def _responses(successes: _Json, *errors: int) -> _Json:
    """The responses of a route: its successes, its errors, and those of API Gateway."""
    statuses = sorted({*errors, 403, 429, 500, 503})
    return successes | {str(status): {"$ref": f"#/components/responses/Error{status}"} for status in statuses}


def _removebg() -> _Json:
    fields: _Json = {name: {**row.schema, "description": row.note} for name, row in PARAMETERS.items()}
    texts = {
        "image_file_b64": {"type": "string", "format": "byte", "description": SOURCES["image_file_b64"]},
        "image_url": {**_URL, "description": SOURCES["image_url"]},
        "bg_image_url": {**_URL, "description": "URL of a background image. It is centred and fills the result."},
    }
    files = {name: {"type": "string", "format": "binary"} for name in ("image_file", "bg_image_file")}
    content = dict.fromkeys(_IMAGES, _BINARY) | _in_json(_ref("Removed"))
    return {
        "operationId": "removebg",
        "summary": "Remove an image's background, as remove.bg's endpoint of this name does",
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {"schema": _object(fields | texts | files)},
                "application/x-www-form-urlencoded": {"schema": _object(fields | texts)},
                **_in_json(_object(fields | texts)),
            },
        },
        "responses": _responses(
            {"200": _success("The cutout; JSON if Accept prefers it.", content, SIZES | CREDITS)}, 400, 413, 415
        ),
    }


def _cutouts() -> _Json:
    content = dict.fromkeys(_ALL_IMAGES, _BINARY)
    return {
        "operationId": "cutout",
        "summary": "Cut out one image: the body is the image, the response its cutout",
        "parameters": queries.parameters(),
        "requestBody": {"required": True, "content": {"application/octet-stream": _BINARY}},
        "responses": _responses(
            {
                "200": _success("The cutout.", content, SIZES | JUDGEMENT),
                "202": _success(
                    "It takes too long for a response, so it became a job.", _in_json(_ref("Job")), LOCATION
                ),
                "303": _success(
                    "It is too large for a response; Location leads to it.", _in_json(_ref("Link")), LOCATION
                ),
            },
            *(400, 413, 415, 422),
        ),
    }


def _submit() -> _Json:
    key = {"name": "Idempotency-Key", "in": "header", "schema": {**_TEXT, "pattern": "^[!-~]{1,255}$"}}
    fields = {
        "options": {"type": "object", "description": "As in the metadata x-amz-meta-hairline of an object."},
        "image_url": {**_URL, "description": "URL of the image. Without it, upload the image with the form."},
        "callback_url": {**_URL, "description": "Receives a callback when the job ends, as in Standard Webhooks."},
        "content_type": {"type": "string", "enum": list(CONTENT_TYPES), "description": "Of the upload."},
    }
    created = _success("The job, and the form to upload the image with.", _in_json(_ref("Job")), LOCATION)
    links = {
        name: {"operationId": name, "parameters": {"id": "$response.body#/id"}} for name in ("getJob", "deleteJob")
    }
    return {
        "operationId": "submitJob",
        "summary": "Create a job, for an image that is larger or takes longer",
        "parameters": [key],
        "requestBody": {"content": _in_json({**_object(fields), "additionalProperties": False})},
        "responses": _responses({"202": created | {"links": links}}, 400, 413, 415, 422),
    }


_JOB_ID = {"name": "id", "in": "path", "required": True, "schema": {**_TEXT, "pattern": "^[0-9a-f]{32}$"}}


def _status() -> _Json:
    return {
        "operationId": "getJob",
        "summary": "Get the status of a job",
        "parameters": [_JOB_ID],
        "responses": _responses({"200": _success("Its status.", _in_json(_ref("Job")))}, 404),
    }


def _delete() -> _Json:
    deleted = {"description": "Nothing of the job is left.", "headers": _headers(EVERY)}
    return {
        "operationId": "deleteJob",
        "summary": "Delete a job's image, results and record",
        "parameters": [_JOB_ID],
        "responses": _responses({"204": deleted}, 404),
    }


def _results() -> _Json:
    hours = {"name": "hours", "in": "query", "schema": {"type": "number", "minimum": 0.01, "maximum": MAX_HOURS}}
    return {
        "operationId": "results",
        "summary": "Count the images of the last hours by outcome and reason (default: 24 hours)",
        "parameters": [hours],
        "responses": _responses({"200": _success("The counts.", _in_json(_ref("Results")))}, 400),
    }


def _account() -> _Json:
    found = _success("Credits are not counted; every number is 0.", _in_json({"type": "object"}))
    return {"operationId": "account", "summary": "As remove.bg's", "responses": _responses({"200": found})}


def _description() -> _Json:
    found = _success("This document.", _in_json({"type": "object"}))
    return {
        "operationId": "openapi",
        "summary": "This document",
        "security": [],
        "responses": _responses({"200": found}),
    }


_LINKS = {"type": "object", "additionalProperties": {"type": "string", "format": "uri"}}
_SCHEMAS: _Json = {
    "Errors": _object(
        {
            "errors": {
                "type": "array",
                "minItems": 1,
                "items": _object({"title": _TEXT, "code": _TEXT, "detail": _TEXT}, ("title",)),
            }
        },
        ("errors",),
    ),
    "Link": _object({"data": _object({"result_url": {"type": "string", "format": "uri"}}, ("result_url",))}, ("data",)),
    "Removed": _object(
        {
            "data": _object(
                {"result_b64": _TEXT}
                | {f"foreground_{name}": {"type": "integer"} for name in ("left", "top", "width", "height")}
            )
        },
        ("data",),
    ),
    "Results": _object(
        {
            "hours": {"type": "number"},
            "complete": {"type": "boolean", "description": "false if there were too many files to count them all."},
            "done": {"type": "integer"},
            "reasons": {"type": "array", "items": {"type": "object"}},
            "jobs": {"type": "array", "items": {"type": "object"}},
        },
        ("hours", "complete", "done", "reasons", "jobs"),
    ),
    "Job": _object(
        {
            "id": _TEXT,
            "created": {"type": "integer", "description": "Seconds since 1970."},
            "status": {"type": "string", "enum": ["queued", "working", "done", "rejected", "failed"]},
            "files": _LINKS,
            "quality": {"type": "object"},
            "reason": _object({"code": _TEXT, "message": _TEXT}),
            "upload": _object({"url": _TEXT, "fields": {"type": "object", "additionalProperties": _TEXT}}),
        },
        ("id", "created", "status"),
    ),
}


_ERRORS = (400, 403, 404, 413, 415, 422, 429, 500, 503)


def _error(status: int) -> _Json:
    codes = ", ".join(code for code, row in CODES.items() if row.status == status)
    description = f"Rejected: {codes or 'a code of the command line, such as no_subject'}."
    headers = EVERY | (RETRY if status in (429, 503) else {})
    return {"description": description, "headers": _headers(headers), "content": _in_json(_ref("Errors"))}


def document(base: str = "") -> _Json:
    """The description as JSON values. base: the path before every route, as `urls.base` gives it.

    The server's URL is relative, so it holds for the host that the description was downloaded from (OpenAPI 3.0.3,
    section 4.7.5).
    """
    return {**_document(), "servers": [{"url": base or "/"}]}


@functools.cache
def _document() -> _Json:
    return {
        "openapi": "3.0.3",
        "info": {
            "title": "Hairline",
            "version": pipeline.__version__,
            "description": "Background removal that keeps the hair. Compatible with remove.bg's API.",
            "license": {"name": "Apache-2.0"},
        },
        "security": [{"ApiKey": []}],
        "paths": {
            "/v1.0/removebg": {"post": _removebg()},
            "/v1.0/account": {"get": _account()},
            "/v1/cutouts": {"post": _cutouts()},
            "/v1/jobs": {"post": _submit()},
            "/v1/jobs/{id}": {"get": _status(), "delete": _delete()},
            "/v1/results": {"get": _results()},
            "/v1/openapi.json": {"get": _description()},
        },
        "components": {
            "securitySchemes": {"ApiKey": {"type": "apiKey", "in": "header", "name": "X-Api-Key"}},
            "schemas": _SCHEMAS,
            "responses": {f"Error{status}": _error(status) for status in _ERRORS},
        },
    }
