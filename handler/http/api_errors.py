"""The API's error responses, as JSON in remove.bg's form: {"errors": [{"title", "code", "detail"}]}."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from handler import dispositions
from handler.errors import BadEvent, FetchError
from pipeline import errors
from pipeline.errors import HairlineError


class ErrorCode(NamedTuple):
    """status: the HTTP status. title: for people."""

    status: int
    title: str


CODES: dict[str, ErrorCode] = {
    "missing_source": ErrorCode(400, "No image given"),
    "multiple_sources": ErrorCode(400, "Multiple image sources given"),
    "invalid_image_url": ErrorCode(400, "The image URL is invalid"),
    "failed_image_download": ErrorCode(400, "Failed to download the image"),
    "failed_to_read_image": ErrorCode(400, "Failed to read the image"),
    "invalid_file_type": ErrorCode(400, "Invalid file type"),
    "file_too_large": ErrorCode(400, "The file is too large"),
    "resolution_too_high": ErrorCode(400, "The image resolution is too high"),
    "invalid_dimensions": ErrorCode(400, "The result would have invalid dimensions"),
    "unknown_foreground": ErrorCode(400, "Could not identify a foreground in the image"),
    "invalid_size": ErrorCode(400, "The size is invalid"),
    "invalid_type": ErrorCode(400, "The type is invalid"),
    "invalid_type_level": ErrorCode(400, "The type level is invalid"),
    "invalid_format": ErrorCode(400, "The format is invalid"),
    "invalid_channels": ErrorCode(400, "The channels are invalid"),
    "invalid_roi": ErrorCode(400, "The region of interest is invalid"),
    "roi_exceeds_bounds": ErrorCode(400, "The region of interest exceeds the image"),
    "roi_region_empty": ErrorCode(400, "The region of interest is empty"),
    "invalid_crop": ErrorCode(400, "The crop is invalid"),
    "invalid_crop_margin": ErrorCode(400, "The crop margin is invalid"),
    "invalid_scale": ErrorCode(400, "The scale is invalid"),
    "invalid_position": ErrorCode(400, "The position is invalid"),
    "invalid_shadow_type": ErrorCode(400, "The shadow type is invalid"),
    "invalid_add_shadow": ErrorCode(400, "add_shadow is invalid"),
    "invalid_shadow_opacity": ErrorCode(400, "The shadow opacity is invalid"),
    "invalid_semitransparency": ErrorCode(400, "The semitransparency is invalid"),
    "invalid_bg_color": ErrorCode(400, "The background colour is invalid"),
    "invalid_bg_image_url": ErrorCode(400, "The background image URL is invalid"),
    "failed_bg_download": ErrorCode(400, "Failed to download the background image"),
    "invalid_bg_image": ErrorCode(400, "Failed to read the background image"),
    "multiple_bg_sources": ErrorCode(400, "Multiple backgrounds given"),
    "result_too_large": ErrorCode(400, "The result does not fit into a response"),
    "takes_too_long": ErrorCode(400, "The image would take too long"),
    "invalid_request": ErrorCode(400, "The request could not be read"),
    "invalid_callback_url": ErrorCode(400, "The callback URL is invalid"),
    "invalid_idempotency_key": ErrorCode(400, "The idempotency key is invalid"),
    "callbacks_not_set_up": ErrorCode(400, "This deployment has no secrets that sign callbacks"),
    "idempotency_key_reused": ErrorCode(422, "The idempotency key belongs to another request"),
    "auth_failed": ErrorCode(403, "API key missing or invalid"),
    "blocked": ErrorCode(403, "This address is blocked"),
    "not_found": ErrorCode(404, "Not found"),
    "method_not_allowed": ErrorCode(405, "This path has no such method"),
    "not_cut": ErrorCode(409, "The image is not cut out yet"),
    "edited_meanwhile": ErrorCode(409, "Somebody else changed this image meanwhile"),
    "request_too_large": ErrorCode(413, "The request is too large"),
    "unsupported_media_type": ErrorCode(415, "The content type is not supported"),
    "rate_limit_exceeded": ErrorCode(429, "Too many requests"),
    "internal_error": ErrorCode(500, "Internal error"),
    "unavailable": ErrorCode(503, "Temporarily unavailable"),
}
"""The codes of remove.bg's documentation and, from result_too_large on, Hairline's own."""

LARGER = "For larger files, POST /v1/jobs: it returns an upload form, or accepts an image_url."

_IMAGE_ERRORS: dict[type[HairlineError], str] = {
    errors.UnsupportedFormat: "invalid_file_type",
    errors.CorruptImage: "failed_to_read_image",
    errors.ImageTooLarge: "resolution_too_high",
    errors.NoSubject: "unknown_foreground",
    errors.BadOptions: "invalid_dimensions",  # what can be checked without the image was checked before
}
"""The pipeline's errors as remove.bg's codes."""


@dataclass(eq=False)
class ApiError(Exception):
    """An error response. detail: what to do about it. more: what the response holds beside the error."""

    code: str
    detail: str | None = None
    status: int | None = None
    title: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def http(self) -> int:
        """The HTTP status."""
        return self.status or CODES[self.code].status

    def body(self) -> str:
        """The JSON."""
        error = {"title": self.title or CODES[self.code].title, "code": self.code}
        return json.dumps({"errors": [error | ({"detail": self.detail} if self.detail else {})], **self.more})


_TITLES: dict[type[HairlineError], str] = {
    errors.BadOptions: "An option is invalid",
    errors.UnsupportedFormat: "The file format is not supported",
    errors.CorruptImage: "The image could not be read",
    errors.ImageTooLarge: "The image is too large",
    errors.NoSubject: "No subject was found in the image",
    HairlineError: "The request could not be processed",
}
"""The titles of the pipeline's errors that keep their own codes."""


def from_image_error(error: HairlineError) -> ApiError:
    """The response to a rejected image: 400, with remove.bg's code. For other errors see `from_error`."""
    code = next((_IMAGE_ERRORS[cls] for cls in type(error).__mro__ if cls in _IMAGE_ERRORS), None)
    return from_error(error) if code is None else ApiError(code, str(error))


def from_fetch_error(error: HairlineError, code: str) -> ApiError:
    """The response to a fault of an image URL: `code` if it could not be downloaded, else as for an image."""
    if isinstance(error, FetchError):
        return ApiError(code, str(error))
    if isinstance(error, errors.ImageTooLarge):  # of a download this means bytes, not pixels
        return ApiError("file_too_large", str(error))
    return from_image_error(error)


def from_error(error: Exception) -> ApiError:
    """The response to any other error, with the status of `handler.dispositions`.

    A fault of the deployment is described in general only; the log has the details.
    """
    if isinstance(error, BadEvent):
        return ApiError("invalid_request", "The body could not be decoded. Check its encoding and send it again.")
    status = dispositions.of(error).http
    if status == CODES["unavailable"].status:
        return ApiError("unavailable", "Retry in 5 seconds.", headers={"Retry-After": "5"})
    if status >= CODES["internal_error"].status or not isinstance(error, HairlineError):
        return ApiError("internal_error")
    title = next(_TITLES[cls] for cls in type(error).__mro__ if cls in _TITLES)
    return ApiError(error.code, str(error), status=status, title=title)
