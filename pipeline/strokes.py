"""A person's strokes: what to keep, what to remove and what to leave to matting, as a small JSON document.

    [{"tool": "keep", "radius": 12, "points": [[104.5, 220], [110, 231]]}]

Lengths are pixels of the source image, upright, at its full size; (0, 0) is its top left corner. A stroke is a round
brush that moves along its points. Strokes are drawn in order, so a later one covers an earlier one.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.errors import BadOptions

TOOLS = ("keep", "remove", "matting", "erase")
"""keep: the subject. remove: the background. matting: unknown, so matting solves it. erase: no stroke after all."""
MAX_STROKES = 1_000
MAX_POINTS = 20_000
"""In all strokes together."""
MAX_BYTES = 1_000_000
"""Of the document, before anything is parsed."""
MAX_RADIUS = 2_000.0
MAX_COORDINATE = 100_000.0
"""Points may be outside the image, as a brush may leave it."""


@dataclass(frozen=True, slots=True)
class Stroke:
    """One stroke. tool: of TOOLS. radius and points: in pixels of the source image, rounded to a tenth."""

    tool: str
    radius: float
    points: tuple[tuple[float, float], ...]

    def described(self) -> dict[str, Any]:
        """The stroke as JSON values, which `parse` takes back."""
        return {"tool": self.tool, "radius": self.radius, "points": [list(point) for point in self.points]}


def parse(document: object) -> tuple[Stroke, ...]:
    """The strokes of a document: JSON as bytes, or what JSON gave. Raises BadOptions, which names the stroke."""
    if isinstance(document, bytes):
        if len(document) > MAX_BYTES:
            raise BadOptions(f"strokes is {len(document):,} bytes; the limit is {MAX_BYTES:,}. Draw fewer strokes.")
        try:
            document = json.loads(document)
        except (ValueError, RecursionError) as error:
            raise BadOptions(f"strokes is not JSON ({error}). Give a list of strokes.") from error
    if not isinstance(document, list | tuple):
        raise BadOptions(f"strokes is a {type(document).__name__}, but must be a list of strokes.")
    if len(document) > MAX_STROKES:
        raise BadOptions(f"strokes is a list of {len(document):,}; the limit is {MAX_STROKES:,}. Draw fewer strokes.")
    strokes = tuple(_stroke(item, f"strokes is wrong at stroke {number}") for number, item in enumerate(document, 1))
    if (points := sum(len(stroke.points) for stroke in strokes)) > MAX_POINTS:
        raise BadOptions(f"strokes is a list with {points:,} points; the limit is {MAX_POINTS:,}. Draw fewer strokes.")
    return strokes


def _stroke(item: object, where: str) -> Stroke:
    if isinstance(item, Stroke):
        return item
    if not isinstance(item, dict) or item.keys() != {"tool", "radius", "points"}:
        raise BadOptions(f"{where}: it must have exactly the fields tool, radius and points.")
    tool, radius, points = item["tool"], item["radius"], item["points"]
    if tool not in TOOLS:
        raise BadOptions(f"{where}: its tool is {str(tool)[:40]!r}, but must be one of {', '.join(TOOLS)}.")
    if not _is_number(radius) or not 0.5 <= radius <= MAX_RADIUS:
        raise BadOptions(f"{where}: its radius must be a number from 0.5 to {MAX_RADIUS:,g} pixels.")
    if not isinstance(points, Sequence) or not points or len(points) > MAX_POINTS or not all(map(_is_point, points)):
        raise BadOptions(
            f"{where}: its points must be a list of 1 to {MAX_POINTS:,} pairs [x, y], each a number from "
            f"{-MAX_COORDINATE:,g} to {MAX_COORDINATE:,g}."
        )
    return Stroke(tool, _rounded(radius), tuple((_rounded(x), _rounded(y)) for x, y in points))


def _is_number(value: object) -> bool:
    return type(value) in (int, float)


def _is_point(value: object) -> bool:
    return (
        isinstance(value, list | tuple)
        and len(value) == 2
        and all(_is_number(part) and abs(part) <= MAX_COORDINATE for part in value)  # NaN fails the comparison
    )


def _rounded(value: float) -> float:
    return round(float(value), 1)
