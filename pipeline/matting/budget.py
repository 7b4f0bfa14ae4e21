"""The time and memory that matting needs, estimated before it begins."""

from typing import NamedTuple

from pipeline.errors import OutOfMemory, OutOfTime

_MOST_BYTES = 8e9
"""Bytes that a Lambda function of the largest size (10 GB) can spare besides the image."""


class Cost(NamedTuple):
    """seconds, bytes: for each unknown pixel. seconds_each, bytes_each: for each pixel of the window around them.

    Seconds were measured with one thread of an EPYC at 2 GHz on images of 0.3 to 12 MP, then doubled.
    """

    seconds: float
    seconds_each: float
    bytes: float
    bytes_each: float


def check(method: str, cost: Cost, unknown: int, pixels: int, deadline: float | None) -> None:
    """Raise OutOfMemory or OutOfTime if `method` could not finish.

    unknown: pixels to solve. pixels: those of the window around them. deadline: seconds left, None for no limit.
    """
    if unknown * cost.bytes + pixels * cost.bytes_each > _MOST_BYTES:
        raise OutOfMemory(
            f"This image leaves {unknown:,} pixels to matting, and method {method} needs too much memory for that. "
            "Choose the method fast, or send a smaller image."
        )
    seconds = unknown * cost.seconds + pixels * cost.seconds_each
    if deadline is not None and seconds > deadline:
        raise OutOfTime(
            f"Matting with method {method} may take {seconds:.1f} s on this image, but only {deadline:.1f} s are left. "
            "Send a smaller image, or allow more time."
        )
