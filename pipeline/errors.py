"""Every error that the pipeline raises on purpose, as one tree.

    HairlineError
    ├── InputError                the image or an option is at fault; a retry cannot help
    │   ├── BadOptions            an option, or an image given as one (trimap, background), is wrong
    │   │   └── AspectMismatch    the matte has another shape than the image
    │   ├── UnsupportedFormat     Hairline does not read this format
    │   │   └── NotAnImage        not an image: HTML, SVG, text, an archive
    │   ├── CorruptImage          the file is damaged
    │   │   ├── EmptyImage        no bytes
    │   │   └── TruncatedImage    the file ends early
    │   ├── ImageTooLarge         more bytes or pixels than the options allow
    │   └── NoSubject             no subject was found
    ├── ResourceError             a retry may help, or more time or memory
    │   ├── OutOfTime
    │   └── OutOfMemory
    ├── ModelUnavailable          the model's weights are missing or wrong
    └── MattingFailed             a bug: the solver gave no usable answer

Each class has a stable `code`, which reports, responses, logs and metrics use. A message says which input is wrong,
what is wrong with it, and what to do.
"""

import difflib
from collections.abc import Iterable
from typing import ClassVar, Self


class HairlineError(Exception):
    """The root: catches every error that the pipeline raises on purpose."""

    code: ClassVar[str] = "error"


class InputError(HairlineError):
    """The input is at fault; the same input fails again."""

    code = "bad_input"


class BadOptions(InputError):
    """An option is unknown or has a value out of range. The message names it."""

    code = "bad_options"


class AspectMismatch(BadOptions):
    """The matte and the image cannot be two sizes of one image."""

    code = "aspect_mismatch"


class UnsupportedFormat(InputError):
    """An image in a format that Hairline does not read."""

    code = "unsupported_format"


class NotAnImage(UnsupportedFormat):
    """The bytes are not a raster image."""

    code = "not_an_image"


class CorruptImage(InputError):
    """The header is an image's, but the rest cannot be read."""

    code = "corrupt_image"


class EmptyImage(CorruptImage):
    """The file is empty."""

    code = "empty_image"


class TruncatedImage(CorruptImage):
    """The file ends early, as after a broken upload."""

    code = "truncated_image"


class ImageTooLarge(InputError):
    """More bytes or more pixels than the options allow; decided from the header, before decoding."""

    code = "image_too_large"

    @classmethod
    def of_file(cls, size: int | None, limit: int) -> Self:
        """A file of too many bytes; size: None if only the limit is known to be exceeded."""
        found = "over the limit of" if size is None else f"{size / 1e6:.1f} MB; the limit is"
        return cls(f"The file is {found} {limit / 1e6:g} MB. Make it smaller or compress it more.")


class NoSubject(InputError):
    """No subject was found."""

    code = "no_subject"


class ResourceError(HairlineError):
    """Time or memory ran out; a retry may succeed."""

    code = "resource_error"


class OutOfTime(ResourceError):
    """The next stage could not finish in time, so it was not started."""

    code = "out_of_time"


class OutOfMemory(ResourceError):
    """The next stage does not fit in memory, so it was not started."""

    code = "out_of_memory"


class ModelUnavailable(HairlineError):
    """The weights are missing or unreadable, or their checksum is wrong."""

    code = "model_unavailable"


class MattingFailed(HairlineError):
    """The solver gave no usable answer: a bug in Hairline."""

    code = "matting_failed"


def unknown_name(noun: str, name: str, known: Iterable[str]) -> str:
    """The message for a name that is not in a table: with the closest name, or with all names if none is close."""
    known = list(known)
    shown = repr(name if len(name) <= 80 else f"{name[:77]}...")
    close = difflib.get_close_matches(name.lower(), known, n=1)
    hint = f"Did you mean {close[0]}?" if close else f"Known: {', '.join(known)}."
    return f"Unknown {noun} {shown}. {hint}"
