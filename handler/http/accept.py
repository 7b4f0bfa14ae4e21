"""Whether a client prefers an image or JSON, by its Accept header (RFC 9110, section 12.5.1). Pure."""

import re
from collections.abc import Iterator

JSON = "application/json"
IMAGES = ("image/png", "image/jpeg", "image/webp", "application/zip")
"""What a result may be."""

_RANGE = re.compile(r"\s*([\w.+*-]+)/([\w.+*-]+)\s*((?:;[^,]*)?)", re.ASCII)
_QUALITY = re.compile(r";\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*(?:;|\Z)", re.ASCII)


def prefers_json(accept: str) -> bool:
    """Whether the header's value ranks JSON above every image; without a preference, a client gets the image."""
    ranges = dict(_ranges(accept.lower()))
    return _quality(JSON, ranges) > max(_quality(name, ranges) for name in IMAGES)


def _ranges(accept: str) -> Iterator[tuple[str, float]]:
    """Media ranges with their qualities, 0 to 1. What is not a media range is left out."""
    for part in accept.split(","):
        if match := _RANGE.fullmatch(part):
            quality = _QUALITY.search(match[3])
            yield f"{match[1]}/{match[2]}", float(quality[1]) if quality else 1.0


def _quality(name: str, ranges: dict[str, float]) -> float:
    """The quality of a media type: that of the most specific range that includes it, 0 if none does."""
    for candidate in (name, f"{name.partition('/')[0]}/*", "*/*"):
        if candidate in ranges:
            return ranges[candidate]
    return 0.0
