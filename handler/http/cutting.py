"""A picture cut out while its sender waits, or made a job where that would take too long."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline import decode
from pipeline.errors import OutOfTime
from pipeline.options import Options
from pipeline.run import cut_out
from pipeline.segment import Segmenter
from pipeline.sniff import sniff
from pipeline.types import Result

LONGEST_S = 20.0
"""What a picture may take: API Gateway ends a call after 29 s, and a new container needs some for its start."""
DECODING_S, CUTTING_S = 0.06, 1.0
"""Seconds for each megapixel of the source, and of what is worked on, rather too many than too few. Where they are too
few all the same, the pipeline stops before the stage that would pass the deadline, and the picture becomes a job then.
"""


@dataclass(frozen=True, slots=True)
class CutRequest:
    """A picture and what is wanted of it. changes: to the deployment's options, as JSON; None where they hold a
    picture, so that they cannot travel with the job.
    """

    data: bytes
    options: Options
    changes: Mapping[str, Any] | None


def estimate(size: tuple[int, int], megapixels: float | None) -> float:
    """Seconds for a picture of that size."""
    source = size[0] * size[1] / 1e6
    return DECODING_S * source + CUTTING_S * min(source, megapixels or source)


def cut(
    request: CutRequest,
    segmenter: Callable[[], Segmenter],
    seconds_left: Callable[[], float],
    later: Callable[[CutRequest, str], dict[str, Any]],
) -> Result | dict[str, Any]:
    """The result; or, where it would come too late, the job that `later` makes of the picture and its content type.

    Raises what `cut_out` raises but for OutOfTime, unless the picture cannot become a job.
    """
    size = decode.measure(request.data, **request.options.limits())
    if estimate(size, request.options.shrink_to_megapixels) <= min(LONGEST_S, seconds_left() - 2):
        network = segmenter()  # a new container may have to bring it from a bucket first
        try:
            return cut_out(request.data, network, request.options, deadline=min(LONGEST_S, seconds_left() - 2))
        except OutOfTime:
            if request.changes is None:
                raise
    if request.changes is None:
        raise OutOfTime("A picture of this size with a background picture takes too long. Ask for a smaller size.")
    return later(request, f"image/{sniff(request.data)}")
