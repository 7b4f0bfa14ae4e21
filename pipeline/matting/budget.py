"""What a method needs, from the number of unknown pixels, to be known before it begins."""

from pipeline.errors import OutOfMemory, OutOfTime
from pipeline.matting import direct, fast

_MOST_BYTES = 8e9
"""What a Lambda function of the largest size (10 GB) can spare beside the picture."""


# Seconds for each unknown pixel and each other one of the window around them: measured with one thread of a busy EPYC
# (Zen 1, 2 GHz) on pictures of 0.3 to 12 MP, then doubled. Bytes for each unknown pixel.
_SECONDS = {"fast": 10e-6, "fast, from half": 4e-6, "exact": 60e-6}
_SECONDS_EACH_PIXEL = 0.2e-6
_BYTES = {"fast": 400, "exact": direct.BYTES}


def check(method: str, unknown: int, pixels: int, deadline: float | None) -> None:
    """Raise OutOfMemory or OutOfTime where `method` could not finish.

    unknown: pixels to be solved, pixels: those of the window around them. deadline: seconds that are left, or None.
    """
    if unknown * _BYTES[method] > _MOST_BYTES:
        raise OutOfMemory(
            f"This picture leaves {unknown:,} pixels to the matting method {method!r}, which needs too much memory "
            "for that. Choose the method fast, or send a smaller picture."
        )
    rate = "fast, from half" if method == "fast" and pixels > fast.FULL else method
    seconds = unknown * _SECONDS[rate] + pixels * _SECONDS_EACH_PIXEL
    if deadline is not None and seconds > deadline:
        raise OutOfTime(
            f"The matting method {method!r} may take {seconds:.1f} s on this picture, but only {deadline:.1f} s are "
            "left. Allow more time, or send a smaller picture."
        )
