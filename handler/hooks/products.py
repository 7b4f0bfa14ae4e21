"""A product and where its pictures are: what every hook and event comes down to, and the message that says so."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from handler import keys
from handler.errors import BadEvent
from handler.keys import OriginalKey

MOST_BYTES = 200_000
"""Of a message: below what SQS takes, with room for its attributes."""
_PART = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,126}[A-Za-z0-9_-])?")
"""What may be a part of a key as it is: shops' host names, and the numbers and words that platforms use as ids."""
_OURS = ("hairline-", "hairline_")
"""How the name of a file begins that Hairline made, and that somebody put into the shop; dashes may become others."""
_MARK = "#hairline"
"""The same said in a picture's alternative text, for shops that rename files."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of a product. id: the shop's word for it. Raises BadEvent for an id that can be no part of a key."""

    id: str
    url: str

    def __post_init__(self) -> None:
        part(self.id, "image")


@dataclass(frozen=True, slots=True)
class Product:
    """A product that changed, and its pictures.

    source: the registered name under which the hook came. shop: one of the source's. pictures: None where the hook does
    not say and the shop has to be asked. Raises BadEvent for an id that can be no part of a key.
    """

    source: str
    shop: str
    id: str
    pictures: tuple[Picture, ...] | None

    def __post_init__(self) -> None:
        for word, value in (("source", self.source), ("shop", self.shop), ("product", self.id)):
            part(value, word)

    def key(self, picture: Picture) -> str:
        """Where the original of a picture lies in the input bucket."""
        return keys.original(OriginalKey(self.source, self.shop, self.id, picture.id))

    def messages(self) -> Iterator[str]:
        """The product as JSON, in as many messages as it takes."""
        if self.pictures is None:
            yield json.dumps(asdict(self))
            return
        batch: list[dict[str, Any]] = []
        size = 0
        for each in map(asdict, self.pictures):
            length = len(json.dumps(each)) + 2
            if batch and size + length > MOST_BYTES:
                yield json.dumps({**asdict(self), "pictures": batch})
                batch, size = [], 0
            batch.append(each)
            size += length
        if batch:
            yield json.dumps({**asdict(self), "pictures": batch})

    @classmethod
    def from_message(cls, message: Any) -> Self:
        """The inverse of a message, decoded from its JSON. Raises BadEvent."""
        try:
            pictures = message["pictures"]
            made = None if pictures is None else tuple(Picture(each["id"], each["url"]) for each in pictures)
            return cls(message["source"], message["shop"], message["id"], made)
        except (TypeError, KeyError) as error:
            raise BadEvent(f"The message names no product: {error!r}.") from error


def pictures(rows: Sequence[Any], *, url: str) -> tuple[Picture, ...]:
    """Those pictures of a platform's list that have a URL and that Hairline did not make itself.

    rows: objects with an id. url: under which name the URL is. Raises BadEvent where they are something else.
    """
    found = {}
    for row in rows:
        if not isinstance(row, dict) or "id" not in row:
            raise BadEvent("A picture of the product is no object with an id.")
        at = row.get(url)
        if isinstance(at, str) and at and not _is_ours(at, row.get("alt")):
            found[str(row["id"])] = Picture(str(row["id"]), at)
    return tuple(found.values())


def part(value: Any, word: str) -> str:
    """`value` as a part of a key. Raises BadEvent, which says of what."""
    if not isinstance(value, str) or _PART.fullmatch(value) is None:
        raise BadEvent(f"{str(value)[:200]!r} cannot be the id of a {word}: letters, digits, _, - and . can.")
    return value


def _is_ours(url: str, alt: Any) -> bool:
    """A cutout that was put into the shop changes the product, and must not be cut out in its turn."""
    name = url.partition("?")[0].rpartition("/")[2].lower()
    return name.startswith(_OURS) or (isinstance(alt, str) and _MARK in alt.lower())
