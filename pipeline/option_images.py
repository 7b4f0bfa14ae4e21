"""Images that are passed as options. A fault in one is a bad option, not a bad input image."""

from typing import Protocol, TypeVar

from pipeline import decode
from pipeline.errors import BadOptions, InputError
from pipeline.options import Options
from pipeline.types import Picture

_Picture_co = TypeVar("_Picture_co", covariant=True)


class Decode(Protocol[_Picture_co]):
    """The type of `decode.decode` and `decode.decode_grey`."""

    def __call__(self, data: bytes, *, max_bytes: int, max_megapixels: float) -> _Picture_co:
        """Decode an image file."""
        ...


def decoded(name: str, decoder: Decode[_Picture_co], data: bytes, options: Options) -> _Picture_co:
    """Decode `data`, the value of the option `name`. Raises BadOptions where `decoder` raises InputError."""
    try:
        return decoder(data, **options.limits())
    except InputError as error:
        raise BadOptions(f"The {name}: {error}") from error


def background(options: Options) -> Picture | None:
    """The decoded image of `options.background`; None if that is not an image. Raises BadOptions."""
    if not isinstance(options.background, bytes):
        return None
    return decoded("background", decode.decode, options.background, options)
