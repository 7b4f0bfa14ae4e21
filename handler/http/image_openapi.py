"""The part of the API's description that is about images as a person reviews them."""

from typing import Any

from handler.http.headers import JUDGEMENT
from handler.http.openapi_parts import BINARY, TEXT, Json, in_json, object_, ref, responses, success
from pipeline import review_page
from pipeline.edits import DECISIONS, EDITABLE
from pipeline.marketplaces import MARKETPLACES
from pipeline.options import Options
from pipeline.review import STATES, VIEWS
from pipeline.strokes import MAX_COORDINATE, MAX_POINTS, MAX_RADIUS, MAX_STROKES, TOOLS

_ID = {"name": "id", "in": "path", "required": True, "schema": {**TEXT, "pattern": "^[0-9a-f]{32}$"}}
_REVISION = {"type": "integer", "minimum": 0, "description": "The one that you have seen."}
_DECISION = {"type": "string", "enum": list(DECISIONS), "nullable": True}
_COORDINATE = {"type": "number", "minimum": -MAX_COORDINATE, "maximum": MAX_COORDINATE}
_STROKE = object_(
    {
        "tool": {"type": "string", "enum": list(TOOLS)},
        "radius": {"type": "number", "minimum": 0.5, "maximum": MAX_RADIUS},
        "points": {
            "type": "array",
            "minItems": 1,
            "maxItems": MAX_POINTS,
            "items": {"type": "array", "minItems": 2, "maxItems": 2, "items": _COORDINATE},
        },
    },
    ("tool", "radius", "points"),
)


def _option(name: str) -> Json:
    row = Options.table()[name]
    schema: dict[str, Any] = row.kind.schema()
    return {**schema, "nullable": True} if row.default is None else schema


_EDITS = {
    "strokes": {"type": "array", "maxItems": MAX_STROKES, "items": {**_STROKE, "additionalProperties": False}},
    "options": {**object_({name: _option(name) for name in EDITABLE}), "additionalProperties": False},
}
_ENTRY = {
    "id": TEXT,
    "name": {**TEXT, "description": "Of the image's file; the id where the sender gave none."},
    "state": {"type": "string", "enum": ["waiting", "done", "failed"]},
    "format": {
        **TEXT,
        "nullable": True,
        "description": "Of the file sent; null before it was read, and where it is not an image.",
    },
    "message": {**TEXT, "nullable": True, "description": "Why it failed."},
    "decision": _DECISION,
    "confidence": {"type": "number", "nullable": True},
    "needs_review": {"type": "boolean", "nullable": True},
    "revision": {"type": "integer"},
    "version": {**TEXT, "description": "Changes with the results."},
}
_REASON = object_({"code": TEXT, "text": TEXT, "box": {"type": "array", "nullable": True, "items": {}}})
_SIDE = {"type": "integer", "nullable": True}


def _body(properties: Json) -> Json:
    return {"required": True, "content": in_json(object_(properties | {"revision": _REVISION}, ("revision",)))}


def _record(operation: str, summary: str, *errors: int, **more: Any) -> Json:
    found = {"200": success("The image as it is now.", in_json(ref("Record")))}
    return {
        "operationId": operation,
        "summary": summary,
        "parameters": [_ID],
        **more,
        "responses": responses(found, 404, *errors),
    }


PATHS: Json = {
    "/v1/session": {
        "get": {
            "operationId": "session",
            "summary": "Read the limits of this deployment",
            "responses": responses({"200": success("The limits.", in_json({"type": "object"}))}),
        }
    },
    "/v1/images": {
        "get": {
            "operationId": "listImages",
            "summary": "List the images of your API key, those to look at first, 200 a page",
            "parameters": [
                {"name": "state", "in": "query", "schema": {"type": "string", "enum": list(STATES), "default": "all"}},
                {"name": "format", "in": "query", "schema": TEXT, "description": "Of the files sent, such as jpeg."},
                {"name": "after", "in": "query", "schema": {**TEXT, "pattern": "^[0-9]{1,9}$"}},
                {"name": "prefix", "in": "query", "schema": TEXT, "description": "What the names begin with."},
            ],
            "responses": responses({"200": success("A page of the list.", in_json(ref("Images")))}, 400),
        }
    },
    "/v1/images/{id}": {"get": _record("getImage", "Read what is known of an image")},
    "/v1/images/{id}/edits": {
        "put": _record(
            "editImage",
            "Store strokes and options for one image, and have it cut again",
            *(400, 409, 413, 415),
            requestBody=_body(_EDITS),
        )
    },
    "/v1/images/{id}/decision": {
        "put": _record(
            "decideImage",
            "Approve or reject an image, or take that back",
            *(400, 409, 413, 415),
            requestBody=_body({"decision": _DECISION}),
        )
    },
}
_FORM = [
    {"name": "format", "in": "query", "schema": {"type": "string", "enum": ["png", "webp", "jpeg"]}},
    {"name": "background", "in": "query", "schema": {**TEXT, "minLength": 1}},
    {"name": "marketplace", "in": "query", "schema": {"type": "string", "enum": list(MARKETPLACES)}},
]
_CONFIDENCE = {"X-Hairline-Confidence": JUDGEMENT["X-Hairline-Confidence"]}
_FILE = {"name": "file", "in": "path", "required": True, "schema": {**TEXT, "pattern": "^[a-z-]+[.][a-z]+$"}}
_IMAGE = {**dict.fromkeys(("image/png", "image/jpeg", "image/webp"), BINARY), **in_json(ref("Link"))}
_SHOWN = success("The image, or a link to it that works for an hour.", _IMAGE)
_PAGE = {"200": success("A file.", dict.fromkeys(review_page.TYPES.values(), BINARY))}


def _get(operation: str, summary: str, parameters: list[Any], found: Json, *errors: int) -> Json:
    answers = responses({"200": found}, 400, 404, 409, 413, 415, 422, *errors)
    return {"get": {"operationId": operation, "summary": summary, "parameters": parameters, "responses": answers}}


_VIEW = {"name": "view", "in": "path", "required": True, "schema": {"type": "string", "enum": list(VIEWS)}}
PATHS |= {
    "/v1/images/{id}/{view}": _get("viewImage", "See an image or one of its planes", [_ID, _VIEW], _SHOWN),
    "/v1/images/{id}/preview": {
        "post": {
            "operationId": "previewEdits",
            "summary": "See what edits lead to, at 0.4 megapixels; nothing is stored",
            "parameters": [_ID],
            "requestBody": {"required": True, "content": in_json(object_(_EDITS))},
            "responses": responses(
                {"200": success("The cutout.", {"image/png": BINARY}, _CONFIDENCE)}, *(400, 404, 413, 415, 422)
            ),
        }
    },
    "/v1/images/{id}/download": _get("downloadImage", "Download the cutout in a form", [_ID, *_FORM], _SHOWN),
    "/v1/images/{id}/compliance": _get(
        "checkImage",
        "Check the listing image against its marketplace's rules",
        [_ID, {**_FORM[-1], "required": True}],
        success("Each rule.", in_json({"type": "object"})),
    ),
    "/v1/approved.zip": _get(
        "downloadApproved",
        "Download the approved images in a form, in one ZIP or several",
        [*_FORM, {"name": "after", "in": "query", "schema": {**TEXT, "pattern": "^[0-9a-f]{32}$"}}],
        success("A link to a ZIP, and what the next one begins after.", in_json(ref("Link"))),
    ),
    "/studio": {
        "get": {"operationId": "studio", "summary": "The studio's page", "security": [], "responses": responses(_PAGE)}
    },
    "/page/{file}": {
        "get": {
            "operationId": "studioFile",
            "summary": "A file of the studio's page",
            "security": [],
            "parameters": [_FILE],
            "responses": responses(_PAGE, 404),
        }
    },
}
SCHEMAS: Json = {
    "Entry": object_(_ENTRY, tuple(_ENTRY)),
    "Record": object_(
        _ENTRY | _EDITS | {"width": _SIDE, "height": _SIDE, "reasons": {"type": "array", "items": _REASON}},
        (*_ENTRY, "strokes", "options", "width", "height", "reasons"),
    ),
    "Images": object_(
        {
            "images": {"type": "array", "items": ref("Entry")},
            "next": {**TEXT, "nullable": True, "description": "The parameter `after` of the next page."},
            "counts": {"type": "object", "additionalProperties": {"type": "integer"}},
            "formats": {"type": "object", "additionalProperties": {"type": "integer"}},
            "complete": {"type": "boolean", "description": "false if there are too many images to read them all."},
        },
        ("images", "next", "counts", "formats", "complete"),
    ),
}
