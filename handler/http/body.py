"""The body of a request: multipart, urlencoded or JSON."""

import io
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import parse_qsl

import multipart

from handler.http.api_errors import ApiError
from handler.http.parameters import SOURCES

_MAX_FIELDS = 64

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Form:
    """texts: fields by name, without empty ones, which forms send for "nothing". files: uploads by name."""

    texts: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)


def parse(content_type: str, body: bytes) -> Form:
    """A form from multipart/form-data, application/x-www-form-urlencoded or JSON.

    Raises ApiError: unsupported_media_type, or invalid_request if the body is not what its type says.
    """
    kind, options = multipart.parse_options_header(content_type)
    match kind:
        case "multipart/form-data":
            return _multipart(body, options.get("boundary", ""))
        case "application/x-www-form-urlencoded":
            return _form(_urlencoded(body))
        case "application/json":
            return _form(_text(name, value) for name, value in json_object(body).items() if value is not None)
        case "" if not body:
            return Form()
    raise ApiError(
        "unsupported_media_type", "Send multipart/form-data, application/x-www-form-urlencoded or application/json."
    )


def json_object(body: bytes) -> dict[str, object]:
    """A JSON object. Raises ApiError."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ApiError("invalid_request", f"The body is not JSON: {error}.") from error
    if not isinstance(value, dict):
        raise ApiError("invalid_request", "The body must be a JSON object.")
    return value


def _multipart(body: bytes, boundary: str) -> Form:
    if not boundary:
        raise ApiError(
            "invalid_request", "The content type multipart/form-data has no boundary. Let your HTTP client set it."
        )
    texts: list[tuple[str, str]] = []
    files: list[tuple[str, bytes]] = []
    try:
        parser = multipart.MultipartParser(
            io.BytesIO(body),
            boundary,
            content_length=len(body),
            part_limit=_MAX_FIELDS,
            spool_limit=len(body) + 1,  # it is in memory already
            memory_limit=len(body) + 1,
        )
        for part in parser:
            # A browser sends an empty file for a file that was not chosen.
            if part.filename is None:
                texts.append((part.name, part.value))
            elif part.raw or part.filename:
                files.append((part.name, part.raw))
    except (multipart.MultipartError, UnicodeDecodeError, ValueError) as error:
        raise ApiError("invalid_request", f"The body is not multipart/form-data: {error}.") from error
    return Form(_form(texts).texts, _once(files))


def _urlencoded(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
    except ValueError as error:  # UnicodeDecodeError is one
        raise ApiError("invalid_request", f"The body is not application/x-www-form-urlencoded: {error}.") from error


def _text(name: str, value: object) -> tuple[str, str]:
    if isinstance(value, bool):
        return name, "true" if value else "false"
    if not isinstance(value, (str, int, float)):
        raise ApiError("invalid_request", f"{name[:80]} must be a string, a number, true or false.")
    return name, str(value)


def _form(pairs: Iterable[tuple[str, str]]) -> Form:
    return Form({name: value.strip() for name, value in _once(pairs).items() if value.strip()})


def _once(pairs: Iterable[tuple[str, _Value]]) -> dict[str, _Value]:
    found: dict[str, _Value] = {}
    for name, value in pairs:
        if name in found:
            code = "multiple_sources" if name in SOURCES else "invalid_request"
            raise ApiError(code, f"{name[:80]} is given twice. Give it once.")
        found[name] = value
    return found
