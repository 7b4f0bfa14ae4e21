"""What a method needs, from the number of unknown pixels, to be known before it begins."""

from typing import NamedTuple

from pipeline.errors import OutOfMemory, OutOfTime
from pipeline.matting import direct

_MOST_BYTES = 8e9
"""What a Lambda function of the largest size (10 GB) can spare beside the picture."""


class _Cost(NamedTuple):
    """Seconds: fixed + pixels * each_pixel + unknown * each_unknown, on one slow core, hence an upper bound."""

    fixed: float
    each_pixel: float
    each_unknown: float
    bytes_each_unknown: float


# Measured on one core of an EPYC (Zen 1) over pictures of 0.3 to 12 MP, times 2 for a slower or busier machine.
_COSTS = {
    "fast": _Cost(0.2, 0.2e-6, 12e-6, 400),
    "exact": _Cost(0.1, 0.1e-6, 60e-6, direct.BYTES),
}


def check(method: str, unknown: int, pixels: int, deadline: float | None) -> None:
    """Raise OutOfTime or OutOfMemory where `method` cannot finish: deadline is in seconds from now, None is for ever."""
    cost = _COSTS[method]
    if unknown * cost.bytes_each_unknown > _MOST_BYTES:
        raise OutOfMemory(
            f"This picture leaves {unknown:,} pixels to the matting method {method!r}, which needs too much memory "
            "for that. Choose the method fast, or send a smaller picture."
        )
    seconds = cost.fixed + pixels * cost.each_pixel + unknown * cost.each_unknown if unknown else 0.0
    if deadline is not None and seconds > deadline:
        raise OutOfTime(
            f"The matting method {method!r} may take {seconds:.1f} s on this picture, but only {deadline:.1f} s are "
            "left. Allow more time, or send a smaller picture."
        )
