"""Cut out an image while its sender waits, or make a job of it if that would take too long."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline import decode
from pipeline.errors import OutOfTime
from pipeline.options import Options
from pipeline.report import CutReport
from pipeline.run import cut_out
from pipeline.segment import Segmenter
from pipeline.sniff import sniff
from pipeline.types import Result

GATEWAY_SECONDS = 29.0
"""API Gateway ends a request after so long, and its clock runs while a new container starts. Lambda's does not."""
MAX_SECONDS = 20.0
"""For one image: API Gateway ends a request after 29 s, and a new container needs some of them to start."""
DECODING_S_PER_MP, CUTTING_S_PER_MP = 0.06, 1.0
"""Seconds for each megapixel of the source, and of the size at which it is cut; rather too many than too few. If they
are too few all the same, the pipeline stops before the stage that would pass the deadline, and the image becomes a job.
"""


@dataclass(frozen=True, slots=True)
class CutRequest:
    """An image and its options. changes: to the deployment's options, as JSON; None if they contain an image, so that a
    job cannot have them.
    """

    data: bytes
    options: Options
    changes: Mapping[str, Any] | None


def estimate(size: tuple[int, int], megapixels: float | None) -> float:
    """Seconds for an image of that size (width, height)."""
    source = size[0] * size[1] / 1e6
    return DECODING_S_PER_MP * source + CUTTING_S_PER_MP * min(source, megapixels or source)


def seconds_left(lambda_left: float, received: float, now: float) -> float:
    """Seconds until Lambda or API Gateway gives up. received: when API Gateway got the request, in s since 1970."""
    return min(lambda_left, received + GATEWAY_SECONDS - now)


def cut(
    request: CutRequest,
    segmenter: Callable[[], Segmenter],
    seconds_left: Callable[[], float],
    make_job: Callable[[CutRequest, str], dict[str, Any]],
) -> Result[CutReport] | dict[str, Any]:
    """The result; or, if it would come too late, the job that `make_job` makes of the image and its content type.

    Raises what `cut_out` raises, but OutOfTime only if the image cannot become a job.
    """
    size = decode.measure(request.data, **request.options.limits())
    if estimate(size, request.options.shrink_to_megapixels) <= min(MAX_SECONDS, seconds_left() - 2):
        network = segmenter()  # a new container may have to download its weights first
        try:
            return cut_out(request.data, network, request.options, deadline=min(MAX_SECONDS, seconds_left() - 2))
        except OutOfTime:
            if request.changes is None:
                raise
    if request.changes is None:
        raise OutOfTime("An image of this size with a background image takes too long. Choose a smaller size.")
    return make_job(request, f"image/{sniff(request.data)}")
