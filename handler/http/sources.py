"""The images that a form holds or names: files, text in base64, and URLs."""

import base64
import binascii
from dataclasses import dataclass

from handler.errors import FetchError, FetchRefused
from handler.http.api_errors import ApiError, from_fetch_error
from handler.observability import logger
from handler.untrusted import guard
from handler.untrusted.fetch import Fetcher
from handler.untrusted.guard import Policy
from pipeline.errors import HairlineError, InputError

_FROM_BASE64URL = str.maketrans("-_ ", "+/+")
"""RFC 4648, section 5; and the space that urlencoded forms make of a plus sign that was not escaped."""


@dataclass(frozen=True, slots=True)
class Sources:
    """policy: which URLs are allowed; the same as the fetcher's."""

    fetcher: Fetcher
    policy: Policy

    def image(self, name: str, value: str | bytes) -> bytes:
        """The image of image_file, image_file_b64 or image_url. Raises ApiError."""
        if name == "image_url":
            try:
                return self._downloaded(name, value, "invalid_image_url")
            except HairlineError as error:
                raise from_fetch_error(error, "failed_image_download") from error
        if isinstance(value, bytes):
            return value
        if name == "image_file":
            raise ApiError("invalid_file_type", "image_file must be a file. Send text as image_file_b64.")
        return _from_base64(value)

    def background(self, name: str, value: str | bytes) -> bytes:
        """The image of bg_image_file or bg_image_url. Raises ApiError."""
        if name == "bg_image_url":
            try:
                return self._downloaded(name, value, "invalid_bg_image_url")
            except FetchError as error:
                raise ApiError("failed_bg_download", str(error)) from error
            except InputError as error:
                raise ApiError("invalid_bg_image", f"bg_image_url: {error}") from error
        if isinstance(value, bytes) and value:
            return value
        raise ApiError("invalid_bg_image", "bg_image_file must be a file that is not empty.")

    def _downloaded(self, name: str, url: str | bytes, code: str) -> bytes:
        return self.fetcher.get(public_url(name, url, code, self.policy)).data


def public_url(name: str, value: object, code: str, policy: Policy) -> str:
    """A URL, checked as far as possible without resolving its host; that is checked when it is requested.

    name: of the parameter. Raises ApiError with `code`.
    """
    try:
        if isinstance(value, str):
            guard.target(value, policy)
            return value
    except FetchRefused as error:
        logger.info("request", extra={"code": code, "reason": error.detail})
    raise ApiError(code, f"{name} must be a public URL that begins with https:// and names no port and no user.")


def _from_base64(text: str) -> bytes:
    """Decode base64 or base64url, which may be in lines or have a prefix such as data:image/png;base64."""
    encoded = text.partition(",")[2] if text.startswith("data:") else text
    encoded = "".join(line.strip() for line in encoded.splitlines()).translate(_FROM_BASE64URL)
    try:
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ApiError(
            "failed_to_read_image", "image_file_b64 is not base64. Encode the bytes of the image file."
        ) from error
