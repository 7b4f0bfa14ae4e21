"""Everything that can go wrong in the pipeline, as one small tree.

    HairlineError
    ├── InputError                what was sent cannot be cut out; sending it again changes nothing
    │   ├── BadOptions            an option, or a picture given as one (trimap, background), is wrong
    │   │   └── AspectMismatch    a matte of another shape than the picture that it is put onto
    │   ├── UnsupportedFormat     a format that we do not read
    │   │   └── NotAnImage        not a picture at all: HTML, SVG, text, an archive
    │   ├── CorruptImage          a format that we read, damaged
    │   │   ├── EmptyImage        no bytes
    │   │   └── TruncatedImage    the end is missing
    │   ├── ImageTooLarge         more bytes or pixels than the options allow
    │   └── NoSubject             nothing in the picture stands out from its background
    ├── ResourceError             it might work later, or with more time or memory
    │   ├── OutOfTime
    │   └── OutOfMemory
    ├── ModelUnavailable          the segmenter's weights are missing or are not the ones that we know
    └── MattingFailed             our fault: the solver gave no usable answer

Each class has a `code`, which is the word for it in reports, on the wire and in metrics, and never changes.
Messages are for the person who sent the picture: what was wrong, with which input, and what to do.
"""

import difflib
from collections.abc import Iterable
from typing import ClassVar, Self


class HairlineError(Exception):
    """The root. Catch it to catch everything that the pipeline raises on purpose."""

    code: ClassVar[str] = "error"


class InputError(HairlineError):
    """The input is at fault; the same input fails again."""

    code = "bad_input"


class BadOptions(InputError):
    """An option is unknown or has a value out of range. The message names it."""

    code = "bad_options"


class AspectMismatch(BadOptions):
    """A matte and a picture that cannot be two sizes of one picture."""

    code = "aspect_mismatch"


class UnsupportedFormat(InputError):
    """A picture in a format that is not read here."""

    code = "unsupported_format"


class NotAnImage(UnsupportedFormat):
    """The bytes are not a raster picture at all."""

    code = "not_an_image"


class CorruptImage(InputError):
    """The header is a picture's, but what follows cannot be read."""

    code = "corrupt_image"


class EmptyImage(CorruptImage):
    """There are no bytes."""

    code = "empty_image"


class TruncatedImage(CorruptImage):
    """The picture ends early, as after a broken upload."""

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
    """The segmenter found nothing that stands out."""

    code = "no_subject"


class ResourceError(HairlineError):
    """The machine was not up to it this time."""

    code = "resource_error"


class OutOfTime(ResourceError):
    """The next stage could not have finished within the time budget, so it was not begun."""

    code = "out_of_time"


class OutOfMemory(ResourceError):
    """The next stage would not fit into the memory that is left."""

    code = "out_of_memory"


class ModelUnavailable(HairlineError):
    """The weights are missing, unreadable, or have another checksum than the table says."""

    code = "model_unavailable"


class MattingFailed(HairlineError):
    """The solver gave no usable answer. Should not happen; if it does, we want to know."""

    code = "matting_failed"


def unknown_name(noun: str, name: str, known: Iterable[str]) -> str:
    """The message for a name that is not in a table: with the closest name, or with all names if none is close."""
    known = list(known)
    shown = repr(name if len(name) <= 80 else f"{name[:77]}...")
    close = difflib.get_close_matches(name.lower(), known, n=1)
    hint = f"Did you mean {close[0]}?" if close else f"Known: {', '.join(known)}."
    return f"Unknown {noun} {shown}. {hint}"
