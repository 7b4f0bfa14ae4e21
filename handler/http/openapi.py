"""The API's description, OpenAPI 3.0, made from the tables that the routes themselves read."""

import functools
from typing import Any

import pipeline
from handler.http import queries
from handler.http.api_errors import CODES
from handler.http.parameters import PARAMETERS, SOURCES
from pipeline.formats import CONTENT_TYPES

_Json = dict[str, Any]
_PICTURES = ("image/png", "image/jpeg", "image/webp", "application/zip")
_ALL_PICTURES = (*_PICTURES, "image/tiff", "image/avif")
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_TEXT = {"type": "string"}


def _ref(name: str) -> _Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _in_json(schema: _Json) -> _Json:
    return {"application/json": {"schema": schema}}


def _object(properties: _Json, required: tuple[str, ...] = ()) -> _Json:
    return {"type": "object", "properties": properties} | ({"required": list(required)} if required else {})


def _answers(good: _Json, *refusals: int) -> _Json:
    """The answers of a route: its own, those that it refuses with, and those that the gateway gives before it."""
    statuses = sorted({*refusals, 403, 429, 500, 503})
    return good | {str(status): {"$ref": f"#/components/responses/Refused{status}"} for status in statuses}


_CHANGED = {
    "202": {"description": "It takes longer; a job was made of it.", "content": _in_json(_ref("Job"))},
    "303": {"description": "Too large for an answer; Location leads to it.", "content": _in_json(_ref("Link"))},
}


def _removebg() -> _Json:
    fields: _Json = {name: {**row.schema, "description": row.note} for name, row in PARAMETERS.items()}
    texts = {name: {**_TEXT, "description": note} for name, note in SOURCES.items() if name != "image_file"}
    texts["bg_image_url"] = {**_TEXT, "description": "A picture to put behind; it is centred and fills."}
    files = {name: {"type": "string", "format": "binary"} for name in ("image_file", "bg_image_file")}
    done = dict.fromkeys(_PICTURES, _BINARY) | _in_json(_ref("Removed"))
    return {
        "operationId": "removebg",
        "summary": "Remove a picture's background, as remove.bg's endpoint of this name does",
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {"schema": _object(fields | texts | files)},
                "application/x-www-form-urlencoded": {"schema": _object(fields | texts)},
                **_in_json(_object(fields | texts)),
            },
        },
        "responses": _answers(
            {"200": {"description": "The cutout; JSON if Accept prefers it.", "content": done}},
            *(400, 413, 415),
        ),
    }


def _cutouts() -> _Json:
    done = dict.fromkeys(_ALL_PICTURES, _BINARY)
    return {
        "operationId": "cutout",
        "summary": "The body is the picture, the answer its cutout",
        "parameters": queries.parameters(),
        "requestBody": {"required": True, "content": {"application/octet-stream": _BINARY}},
        "responses": _answers(
            {"200": {"description": "The cutout; X-Hairline-* headers say how sure.", "content": done}, **_CHANGED},
            *(400, 413, 415, 422),
        ),
    }


def _submit() -> _Json:
    key = {"name": "Idempotency-Key", "in": "header", "schema": {**_TEXT, "pattern": "^[!-~]{1,255}$"}}
    asked = {
        "options": {"type": "object", "description": "As in a bucket's x-amz-meta-hairline."},
        "image_url": {**_TEXT, "description": "Where the picture is; without it, upload it."},
        "callback_url": {**_TEXT, "description": "Told when the job is done, after Standard Webhooks."},
        "content_type": {"type": "string", "enum": list(CONTENT_TYPES), "description": "Of the upload."},
    }
    made = {"description": "The job, and the form to post the picture with.", "content": _in_json(_ref("Job"))}
    return {
        "operationId": "submitJob",
        "summary": "A job for what is larger or slower",
        "parameters": [key],
        "requestBody": {"content": _in_json({**_object(asked), "additionalProperties": False})},
        "responses": _answers({"202": made}, 400, 413, 415, 422),
    }


def _status() -> _Json:
    found = {"description": "How it stands.", "content": _in_json(_ref("Job"))}
    return {
        "operationId": "getJob",
        "summary": "How a job stands",
        "parameters": [
            {"name": "id", "in": "path", "required": True, "schema": {**_TEXT, "pattern": "^[0-9a-f]{32}$"}}
        ],
        "responses": _answers({"200": found}, 404),
    }


def _account() -> _Json:
    done = {"description": "Nobody counts credits here, so all are none.", "content": _in_json({"type": "object"})}
    return {"operationId": "account", "summary": "As remove.bg's", "responses": _answers({"200": done})}


def _description() -> _Json:
    done = {"description": "This document.", "content": _in_json({"type": "object"})}
    return {
        "operationId": "openapi",
        "summary": "This document",
        "security": [],
        "responses": _answers({"200": done}),
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


def _refused(status: int) -> _Json:
    codes = ", ".join(code for code, word in CODES.items() if word.status == status) or "the pipeline's own"
    return {"description": f"Refused: {codes}.", "content": _in_json(_ref("Errors"))}


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
            "/v1/jobs/{id}": {"get": _status()},
            "/v1/openapi.json": {"get": _description()},
        },
        "components": {
            "securitySchemes": {"ApiKey": {"type": "apiKey", "in": "header", "name": "X-Api-Key"}},
            "schemas": _SCHEMAS,
            "responses": {
                f"Refused{status}": _refused(status) for status in (400, 403, 404, 413, 415, 422, 429, 500, 503)
            },
        },
    }
