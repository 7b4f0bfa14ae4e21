"""Lines of text for a terminal."""

import io
import unicodedata
from typing import TextIO


def one_line(text: str) -> str:
    """The text with its control characters escaped, so that a name cannot end a line or steer a terminal."""
    return "".join(repr(c)[1:-1] if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text)


def counted(number: int, noun: str) -> str:
    """ "1 file was", "2 files were"."""
    return f"1 {noun} was" if number == 1 else f"{number} {noun}s were"


def show_everything(stream: TextIO) -> None:
    """Make a stream escape what its encoding cannot represent, instead of raising UnicodeEncodeError."""
    if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
        stream.reconfigure(errors="backslashreplace")
