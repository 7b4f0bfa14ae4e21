"""What the API says no with, as JSON in the form of remove.bg's: {"errors": [{"title", "code", "detail"}]}."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from handler import dispositions
from handler.errors import BadEvent, FetchError
from pipeline import errors
from pipeline.errors import HairlineError


class ErrorCode(NamedTuple):
    """status: of HTTP. title: a sentence for people."""

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
    "invalid_shadow_opacity": ErrorCode(400, "The shadow opacity is invalid"),
    "invalid_semitransparency": ErrorCode(400, "The semitransparency is invalid"),
    "invalid_bg_color": ErrorCode(400, "The background colour is invalid"),
    "invalid_bg_image_url": ErrorCode(400, "The background image URL is invalid"),
    "failed_bg_download": ErrorCode(400, "Failed to download the background image"),
    "invalid_bg_image": ErrorCode(400, "Failed to read the background image"),
    "multiple_bg_sources": ErrorCode(400, "Multiple backgrounds given"),
    "invalid_request": ErrorCode(400, "The request could not be read"),
    "invalid_callback_url": ErrorCode(400, "The callback URL is invalid"),
    "invalid_idempotency_key": ErrorCode(400, "The idempotency key is invalid"),
    "idempotency_key_reused": ErrorCode(422, "The idempotency key belongs to another request"),
    "auth_failed": ErrorCode(403, "API key missing or invalid"),
    "blocked": ErrorCode(403, "This address is blocked"),
    "not_found": ErrorCode(404, "Not found"),
    "request_too_large": ErrorCode(413, "The request is too large"),
    "unsupported_media_type": ErrorCode(415, "The content type is not understood"),
    "rate_limit_exceeded": ErrorCode(429, "Too many requests"),
    "internal_error": ErrorCode(500, "Something went wrong on our side"),
    "unavailable": ErrorCode(503, "Not possible just now; try again"),
}
"""Those of remove.bg's documentation, and below them, from invalid_request on, those that it has no word for."""

LARGER = "Larger files: POST /v1/jobs gives an address to upload to, or takes an image_url."

_PICTURES: dict[type[HairlineError], str] = {
    errors.UnsupportedFormat: "invalid_file_type",
    errors.CorruptImage: "failed_to_read_image",
    errors.ImageTooLarge: "resolution_too_high",
    errors.NoSubject: "unknown_foreground",
    errors.BadOptions: "invalid_dimensions",  # what can be told without the picture was refused before
}
"""The pipeline's errors in remove.bg's words."""


@dataclass(eq=False)
class ApiError(Exception):
    """An answer that is no success. detail: what to do about it. headers: to go with it."""

    code: str
    detail: str | None = None
    status: int | None = None
    title: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def http(self) -> int:
        """The status."""
        return self.status or CODES[self.code].status

    def body(self) -> str:
        """The JSON."""
        told = {"title": self.title or CODES[self.code].title, "code": self.code}
        return json.dumps({"errors": [told | ({"detail": self.detail} if self.detail else {})]})


def from_image_error(error: HairlineError) -> ApiError:
    """A picture's refusal, all of which remove.bg answers with 400; faults as `from_error`."""
    code = next((_PICTURES[cls] for cls in type(error).__mro__ if cls in _PICTURES), None)
    return from_error(error) if code is None else ApiError(code, str(error))


def from_fetch_error(error: HairlineError, code: str) -> ApiError:
    """What came of a URL that was given: `code` where it gave nothing, else what is wrong with the picture there."""
    if isinstance(error, FetchError):
        return ApiError(code, str(error))
    if isinstance(error, errors.ImageTooLarge):  # a fetch ends at a number of bytes; it does not see pixels
        return ApiError("file_too_large", str(error))
    return from_image_error(error)


def from_error(error: Exception) -> ApiError:
    """Any error in our own words, with the status that `handler.dispositions` has for it.

    What is our own fault is told in general words only; the log has the rest.
    """
    if isinstance(error, BadEvent):
        return ApiError("invalid_request", "The body could not be read.")
    status = dispositions.of(error).http
    if status == CODES["unavailable"].status:
        return ApiError("unavailable", headers={"Retry-After": "5"})
    if status >= CODES["internal_error"].status or not isinstance(error, HairlineError):
        return ApiError("internal_error")
    return ApiError(error.code, status=status, title=str(error))
