"""The API's description, OpenAPI 3.0, made from the tables that the routes themselves read."""

import functools

import pipeline
from handler.http import image_openapi, queries
from handler.http.api_errors import CODES
from handler.http.headers import CREDITS, EVERY, JUDGEMENT, LOCATION, RETRY, SIZES
from handler.http.openapi_parts import (
    ALL_IMAGES,
    BINARY,
    IMAGES,
    TEXT,
    URL,
    Json,
    headers,
    in_json,
    object_,
    ref,
    responses,
    success,
)
from handler.http.parameters import PARAMETERS, SOURCES
from handler.http.recent_results import MAX_HOURS
from pipeline.formats import CONTENT_TYPES


def _removebg() -> Json:
    fields: Json = {name: {**row.schema, "description": row.note} for name, row in PARAMETERS.items()}
    texts = {
        "image_file_b64": {"type": "string", "format": "byte", "description": SOURCES["image_file_b64"]},
        "image_url": {**URL, "description": SOURCES["image_url"]},
        "bg_image_url": {**URL, "description": "URL of a background image. It is centred and fills the result."},
    }
    files = {name: {"type": "string", "format": "binary"} for name in ("image_file", "bg_image_file")}
    content = dict.fromkeys(IMAGES, BINARY) | in_json(ref("Removed"))
    return {
        "operationId": "removebg",
        "summary": "Remove an image's background, as remove.bg's endpoint of this name does",
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {"schema": object_(fields | texts | files)},
                "application/x-www-form-urlencoded": {"schema": object_(fields | texts)},
                **in_json(object_(fields | texts)),
            },
        },
        "responses": responses(
            {"200": success("The cutout; JSON if Accept prefers it.", content, SIZES | CREDITS)}, 400, 413, 415
        ),
    }


def _cutouts() -> Json:
    content = dict.fromkeys(ALL_IMAGES, BINARY)
    return {
        "operationId": "cutout",
        "summary": "Cut out one image: the body is the image, the response its cutout",
        "parameters": queries.parameters(),
        "requestBody": {"required": True, "content": {"application/octet-stream": BINARY}},
        "responses": responses(
            {
                "200": success("The cutout.", content, SIZES | JUDGEMENT),
                "202": success("It takes too long for a response, so it became a job.", in_json(ref("Job")), LOCATION),
                "303": success("It is too large for a response; Location leads to it.", in_json(ref("Link")), LOCATION),
            },
            *(400, 413, 415, 422),
        ),
    }


def _submit() -> Json:
    key = {"name": "Idempotency-Key", "in": "header", "schema": {**TEXT, "pattern": "^[!-~]{1,255}$"}}
    fields = {
        "options": {"type": "object", "description": "As in the metadata x-amz-meta-hairline of an object."},
        "image_url": {**URL, "description": "URL of the image. Without it, upload the image with the form."},
        "callback_url": {**URL, "description": "Receives a callback when the job ends, as in Standard Webhooks."},
        "content_type": {"type": "string", "enum": list(CONTENT_TYPES), "description": "Of the upload."},
        "name": {**TEXT, "minLength": 1, "maxLength": 255, "description": "Of the image's file, for people."},
    }
    created = success("The job, and the form to upload the image with.", in_json(ref("Job")), LOCATION)
    links = {
        name: {"operationId": name, "parameters": {"id": "$response.body#/id"}} for name in ("getJob", "deleteJob")
    }
    return {
        "operationId": "submitJob",
        "summary": "Create a job, for an image that is larger or takes longer",
        "parameters": [key],
        "requestBody": {"content": in_json({**object_(fields), "additionalProperties": False})},
        "responses": responses({"202": created | {"links": links}}, 400, 413, 415, 422),
    }


_JOB_ID = {"name": "id", "in": "path", "required": True, "schema": {**TEXT, "pattern": "^[0-9a-f]{32}$"}}


def _status() -> Json:
    return {
        "operationId": "getJob",
        "summary": "Get the status of a job",
        "parameters": [_JOB_ID],
        "responses": responses({"200": success("Its status.", in_json(ref("Job")))}, 404),
    }


def _delete() -> Json:
    deleted = {"description": "Nothing of the job is left.", "headers": headers(EVERY)}
    return {
        "operationId": "deleteJob",
        "summary": "Delete a job's image, results and record",
        "parameters": [_JOB_ID],
        "responses": responses({"204": deleted}, 404),
    }


def _results() -> Json:
    hours = {"name": "hours", "in": "query", "schema": {"type": "number", "minimum": 0.01, "maximum": MAX_HOURS}}
    return {
        "operationId": "results",
        "summary": "Count the images of the last hours by outcome and reason (default: 24 hours)",
        "parameters": [hours],
        "responses": responses({"200": success("The counts.", in_json(ref("Results")))}, 400),
    }


def _account() -> Json:
    found = success("Credits are not counted; every number is 0.", in_json({"type": "object"}))
    return {"operationId": "account", "summary": "As remove.bg's", "responses": responses({"200": found})}


def _description() -> Json:
    found = success("This document.", in_json({"type": "object"}))
    return {
        "operationId": "openapi",
        "summary": "This document",
        "security": [],
        "responses": responses({"200": found}),
    }


_LINKS = {"type": "object", "additionalProperties": {"type": "string", "format": "uri"}}
_SCHEMAS: Json = {
    "Errors": object_(
        {
            "errors": {
                "type": "array",
                "minItems": 1,
                "items": object_({"title": TEXT, "code": TEXT, "detail": TEXT}, ("title",)),
            }
        },
        ("errors",),
    ),
    "Link": object_({"data": object_({"result_url": {"type": "string", "format": "uri"}}, ("result_url",))}, ("data",)),
    "Removed": object_(
        {
            "data": object_(
                {"result_b64": TEXT}
                | {f"foreground_{name}": {"type": "integer"} for name in ("left", "top", "width", "height")}
            )
        },
        ("data",),
    ),
    "Results": object_(
        {
            "hours": {"type": "number"},
            "complete": {"type": "boolean", "description": "false if there were too many files to count them all."},
            "done": {"type": "integer"},
            "reasons": {"type": "array", "items": {"type": "object"}},
            "jobs": {"type": "array", "items": {"type": "object"}},
        },
        ("hours", "complete", "done", "reasons", "jobs"),
    ),
    "Job": object_(
        {
            "id": TEXT,
            "created": {"type": "integer", "description": "Seconds since 1970."},
            "status": {"type": "string", "enum": ["queued", "working", "done", "rejected", "failed"]},
            "files": _LINKS,
            "quality": {"type": "object"},
            "reason": object_({"code": TEXT, "message": TEXT}),
            "upload": object_({"url": TEXT, "fields": {"type": "object", "additionalProperties": TEXT}}),
        },
        ("id", "created", "status"),
    ),
}


_ERRORS = (400, 403, 404, 409, 413, 415, 422, 429, 500, 503)


def _error(status: int) -> Json:
    codes = ", ".join(code for code, row in CODES.items() if row.status == status)
    description = f"Rejected: {codes or 'a code of the command line, such as no_subject'}."
    sent = EVERY | (RETRY if status in (429, 503) else {})
    return {"description": description, "headers": headers(sent), "content": in_json(ref("Errors"))}


def document(base: str = "") -> Json:
    """The description as JSON values. base: the path before every route, as `urls.base` gives it.

    The server's URL is relative, so it holds for the host that the description was downloaded from (OpenAPI 3.0.3,
    section 4.7.5).
    """
    return {**_document(), "servers": [{"url": base or "/"}]}


@functools.cache
def _document() -> Json:
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
            **image_openapi.PATHS,
            "/v1/openapi.json": {"get": _description()},
        },
        "components": {
            "securitySchemes": {"ApiKey": {"type": "apiKey", "in": "header", "name": "X-Api-Key"}},
            "schemas": _SCHEMAS | image_openapi.SCHEMAS,
            "responses": {f"Error{status}": _error(status) for status in _ERRORS},
        },
    }
