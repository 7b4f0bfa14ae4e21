"""The kinds of option values. Each parses a value, and describes itself for messages, JSON Schema and argparse."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from pipeline.errors import unknown_name
from pipeline.geometry import LARGEST_CANVAS, LARGEST_SIDE, Colour, Margin, Position, Region, Size

TRUTH = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
"""The accepted spellings of true and false, in lower case; upper case is accepted too."""


class UnknownName(ValueError):
    """A name that is not in a table. The message is a sentence for the user."""


@dataclass(frozen=True)
class Kind:
    """The base class of the kinds. metavar: the placeholder for a value in --help."""

    metavar: str | None = field(default=None, kw_only=True)

    @property
    def form(self) -> str:
        """The accepted values, in words that complete "must be ..."."""
        raise NotImplementedError

    def read(self, value: Any) -> Any:
        """Parse a value that comes from JSON or a Python caller. Raises ValueError."""
        raise NotImplementedError

    def from_text(self, text: str) -> Any:
        """Convert text of a command line or a query to a value for `read`. Raises ValueError."""
        return text

    def schema(self) -> dict[str, Any]:
        """The JSON Schema of one value in a query."""
        return {"type": "string"}

    def described(self, value: Any) -> Any:
        """A parsed value as canonical JSON; `read` is the inverse."""
        return value


@dataclass(frozen=True)
class Choice(Kind):
    """One of several words, or of several whole numbers."""

    choices: tuple[Any, ...]

    @property
    def form(self) -> str:
        return "one of " + ", ".join(map(str, self.choices))

    def read(self, value: Any) -> Any:
        if type(value) is not type(self.choices[0]) or value not in self.choices:
            raise ValueError(value)
        return value

    def from_text(self, text: str) -> Any:
        return type(self.choices[0])(text)

    def schema(self) -> dict[str, Any]:
        kind = "integer" if isinstance(self.choices[0], int) else "string"
        return {"type": kind, "enum": list(self.choices)}


@dataclass(frozen=True)
class Number(Kind):
    """A number from `low` to `high`."""

    low: float
    high: float

    @property
    def form(self) -> str:
        low, high = (f"{bound:,f}".rstrip("0").rstrip(".") for bound in (self.low, self.high))
        return f"a number from {low} to {high}"

    def read(self, value: Any) -> float:
        if type(value) not in (int, float) or not self.low <= value <= self.high:
            raise ValueError(value)
        return float(value)

    def from_text(self, text: str) -> Any:
        return float(text)

    def schema(self) -> dict[str, Any]:
        return {"type": "number", "minimum": self.low, "maximum": self.high}


@dataclass(frozen=True)
class Whole(Kind):
    """A whole number from `low` to `high`."""

    low: int
    high: int

    @property
    def form(self) -> str:
        return f"a whole number from {self.low:,} to {self.high:,}"

    def read(self, value: Any) -> int:
        if type(value) is not int or not self.low <= value <= self.high:
            raise ValueError(value)
        return value

    def from_text(self, text: str) -> Any:
        return int(text)

    def schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.low, "maximum": self.high}


@dataclass(frozen=True)
class Switch(Kind):
    """True or false."""

    @property
    def form(self) -> str:
        return "true or false"

    def read(self, value: Any) -> bool:
        if isinstance(value, bool):
            return value
        raise ValueError(value)

    def from_text(self, text: str) -> Any:
        if text.lower() not in TRUTH:
            raise ValueError(text)
        return TRUTH[text.lower()]

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


@dataclass(frozen=True)
class Text(Kind):
    """Text that `parse` converts to a value, or a value of `type`. example: the accepted text, in words."""

    type: type
    parse: Callable[[str], Any]
    example: str

    @property
    def form(self) -> str:
        return self.example

    def read(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.parse(value)
        if isinstance(value, self.type):
            return value
        raise ValueError(value)

    def described(self, value: Any) -> Any:
        return str(value)


@dataclass(frozen=True)
class Canvas(Text):
    """A size as text, or as two whole numbers."""

    def read(self, value: Any) -> Any:
        if isinstance(value, Sequence) and len(value) == 2 and all(type(side) is int for side in value):
            return Size(*value)
        return super().read(value)

    def described(self, value: Any) -> Any:
        return [value.width, value.height]


@dataclass(frozen=True)
class File(Kind):
    """The bytes of an image file. Their sha256 stands for them in reports and digests."""

    @property
    def form(self) -> str:
        return "the bytes of an image"

    def read(self, value: Any) -> bytes:
        if isinstance(value, bytes) and value:
            return value
        raise ValueError(value)

    def described(self, value: Any) -> Any:
        return f"sha256:{sha256(value).hexdigest()}"


@dataclass(frozen=True)
class ColourOrFile(File):
    """A colour as text, or the bytes of an image file."""

    @property
    def form(self) -> str:
        return "a colour name, a hex colour such as #ffffff, or the bytes of an image"

    def read(self, value: Any) -> Any:
        if isinstance(value, str):
            return Colour.parse(value)
        return value if isinstance(value, Colour) else super().read(value)

    def described(self, value: Any) -> Any:
        return str(value) if isinstance(value, Colour) else super().described(value)


@dataclass(frozen=True)
class Names(Kind):
    """Some of the keys of a table, each once, as a list or as text with commas. A query holds one.

    noun: what a key is, for the message about an unknown one.
    """

    known: Mapping[str, Any]
    noun: str

    @property
    def form(self) -> str:
        return f"a list of names out of {', '.join(self.known)}"

    def read(self, value: Any) -> tuple[str, ...]:
        names = [name.strip() for name in value.split(",")] if isinstance(value, str) else value
        if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
            raise ValueError(value)
        for name in names:
            if name not in self.known:
                raise UnknownName(unknown_name(self.noun, name, self.known))
        return tuple(dict.fromkeys(names))

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "enum": list(self.known)}

    def described(self, value: Any) -> Any:
        return list(value)


def _place(text: str) -> Position | str:
    return text if text == "original" else Position.parse(text)


REGION = Text(Region, Region.parse, 'left, top, right and bottom, such as "10px 5% 300px 95%"', metavar="LENGTHS")
MARGIN = Text(Margin, Margin.parse, 'one, two or four lengths, such as "20px", "5%" or "10px 5%"', metavar="LENGTHS")
PLACE = Text(Position, _place, 'original, center, "50%" or "20% 80%"', metavar="PLACE")
CANVAS = Canvas(
    Size,
    Size.parse,
    f'two sides of 1 to {LARGEST_SIDE:,} pixels, at most {LARGEST_CANVAS:,} pixels in all, such as "1600x1200"',
    metavar="WxH",
)
