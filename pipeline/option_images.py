"""Pictures that come as options: what is wrong with one is a bad option, not a bad picture."""

from typing import Protocol, TypeVar

from pipeline import decode
from pipeline.errors import BadOptions, InputError
from pipeline.options import Options
from pipeline.types import Picture

_Picture_co = TypeVar("_Picture_co", covariant=True)


class Decode(Protocol[_Picture_co]):
    """As `decode.decode` and `decode.decode_grey` are called."""

    def __call__(self, data: bytes, *, max_bytes: int, max_megapixels: float) -> _Picture_co:
        """Decode a picture file."""
        ...


def decoded(name: str, decoder: Decode[_Picture_co], data: bytes, options: Options) -> _Picture_co:
    """What `decoder` makes of `data`, which is the option `name`. Raises BadOptions where it would raise InputError."""
    try:
        return decoder(data, **options.limits())
    except InputError as error:
        raise BadOptions(f"The {name}: {error}") from error


def background(options: Options) -> Picture | None:
    """The picture that `options.background` holds, None where it holds none. Raises BadOptions."""
    if not isinstance(options.background, bytes):
        return None
    return decoded("background", decode.decode, options.background, options)
