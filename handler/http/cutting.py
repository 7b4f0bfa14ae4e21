"""Cut out an image while its sender waits, unless that would take too long."""

from collections.abc import Callable

from pipeline.errors import OutOfTime
from pipeline.options import Options
from pipeline.report import CutReport
from pipeline.run import cut_out
from pipeline.segment import Segmenter
from pipeline.types import Result

GATEWAY_SECONDS = 29.0
"""API Gateway's limit for a request. Its clock runs while a new container starts; Lambda's does not."""
MAX_SECONDS = 20.0
"""The limit for one image: GATEWAY_SECONDS without the time that a new container takes to start."""
DECODING_S_PER_MP, CUTTING_S_PER_MP = 0.06, 1.0
"""Seconds for each megapixel of the source, and of the size at which it is cut. The estimates are high. If one is still
too low, the pipeline stops before the stage that would pass the deadline.
"""
FIRST_TRY_SECONDS = 15.5
"""The limit for the first try if the result may be smaller, so that a slow machine has time for a second try. It is
enough for the 12.2 megapixels of a phone's photo.
"""
MIN_MEGAPIXELS = 0.25
"""A result is never made smaller than this to be ready in time."""
SPARE_S = 0.5
"""Seconds between the choice of a size and the start of the work."""


def estimate(size: tuple[int, int], megapixels: float | None) -> float:
    """The estimated seconds for an image of that size (width, height)."""
    source = size[0] * size[1] / 1e6
    return DECODING_S_PER_MP * source + CUTTING_S_PER_MP * min(source, megapixels or source)


def seconds_left(lambda_left: float, received: float, now: float) -> float:
    """Seconds until Lambda or API Gateway gives up. received: when API Gateway got the request, in s since 1970."""
    return min(lambda_left, received + GATEWAY_SECONDS - now)


def megapixels_in_time(size: tuple[int, int], seconds: float) -> float:
    """How many megapixels of an image of that size (width, height) can be cut within `seconds`."""
    decoding = DECODING_S_PER_MP * size[0] * size[1] / 1e6
    return max(MIN_MEGAPIXELS, (_limit(seconds - SPARE_S) - decoding) / CUTTING_S_PER_MP)


def cut(
    data: bytes, size: tuple[int, int], options: Options, segmenter: Callable[[], Segmenter], left: Callable[[], float]
) -> Result[CutReport]:
    """The result. size: (width, height) of the image. left: seconds until the request ends.

    Raises what `cut_out` raises, and OutOfTime before it begins if the result would be too late.
    """
    seconds, limit = estimate(size, options.shrink_to_megapixels), _limit(left())
    if seconds > limit:
        raise OutOfTime(f"This image would take about {seconds:.0f} s, and a request must end after {limit:.0f} s.")
    model = segmenter()  # a new container may have to download its weights first
    return cut_out(data, model, options, deadline=_limit(left()))


def _limit(seconds: float) -> float:
    return min(MAX_SECONDS, seconds - 2)
