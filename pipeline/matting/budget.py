"""What a method needs, to be known before it begins."""

from typing import NamedTuple

from pipeline.errors import OutOfMemory, OutOfTime

_MOST_BYTES = 8e9
"""What a Lambda function of the largest size (10 GB) can spare beside the picture."""


class Cost(NamedTuple):
    """For each unknown pixel, and for each pixel of the window around them.

    Seconds: measured with one thread of an EPYC at 2 GHz on pictures of 0.3 to 12 MP, then doubled.
    """

    seconds: float
    seconds_each: float
    bytes: float
    bytes_each: float


def check(method: str, cost: Cost, unknown: int, pixels: int, deadline: float | None) -> None:
    """Raise OutOfMemory or OutOfTime where `method` could not finish.

    unknown: pixels to be solved, pixels: those of the window around them. deadline: seconds that are left, or None.
    """
    if unknown * cost.bytes + pixels * cost.bytes_each > _MOST_BYTES:
        raise OutOfMemory(
            f"This picture leaves {unknown:,} pixels to the matting method {method!r}, which needs too much memory "
            "for that. Choose the method fast, or send a smaller picture."
        )
    seconds = unknown * cost.seconds + pixels * cost.seconds_each
    if deadline is not None and seconds > deadline:
        raise OutOfTime(
            f"The matting method {method!r} may take {seconds:.1f} s on this picture, but only {deadline:.1f} s are "
            "left. Allow more time, or send a smaller picture."
        )
