"""A product and the URLs of its images: what every webhook and event is reduced to, and its messages in the queue."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from handler import keys
from handler.errors import BadEvent
from handler.keys import OriginalKey

MAX_MESSAGE_BYTES = 200_000
"""Below what SQS accepts, with room for attributes."""
_ID = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,126}[A-Za-z0-9_-])?")
"""A part of a key: a shop's host name, or a number or word that a platform uses as an id."""
_OWN_NAMES = ("hairline-", "hairline_")
"""Prefixes of the file names of cutouts that were put back into the shop. Shops may change dashes."""
_OWN_MARK = "#hairline"
"""Marks such a cutout in its alternative text, for shops that rename files."""


@dataclass(frozen=True, slots=True)
class ProductImage:
    """One image of a product. id: the shop's. Raises BadEvent for an id that cannot be a part of a key.

    And for a URL with a lone surrogate, which JSON can hold, but no message that leaves Hairline.
    """

    id: str
    url: str

    def __post_init__(self) -> None:
        check_id(self.id, "image")
        try:
            self.url.encode()
        except UnicodeEncodeError as error:
            raise BadEvent(
                f"The URL of the image {self.id} contains a lone surrogate. Percent-encode the URL."
            ) from error


@dataclass(frozen=True, slots=True)
class Product:
    """A product that changed, and its images.

    source: the registered name of the sender. shop: one of the source's. images: None if the webhook does not list them
    and the platform must be asked. Raises BadEvent for an id that cannot be a part of a key.
    """

    source: str
    shop: str
    id: str
    images: tuple[ProductImage, ...] | None

    def __post_init__(self) -> None:
        for kind, value in (("source", self.source), ("shop", self.shop), ("product", self.id)):
            check_id(value, kind)

    def key(self, image: ProductImage) -> str:
        """The key of an image's original in the input bucket."""
        return keys.original(OriginalKey(self.source, self.shop, self.id, image.id))

    def messages(self) -> Iterator[str]:
        """The product as JSON, in as few messages as possible. Raises BadEvent for an image that fits into none."""
        if self.images is None:
            yield json.dumps(asdict(self))
            return
        batch: list[dict[str, Any]] = []
        size = 0
        for image in map(asdict, self.images):
            length = len(json.dumps(image)) + 2
            if length > MAX_MESSAGE_BYTES:
                raise BadEvent(f"The URL of the image {image['id']} is too long for a message of the queue.")
            if batch and size + length > MAX_MESSAGE_BYTES:
                yield json.dumps({**asdict(self), "images": batch})
                batch, size = [], 0
            batch.append(image)
            size += length
        if batch:
            yield json.dumps({**asdict(self), "images": batch})

    @classmethod
    def from_message(cls, message: Any) -> Self:
        """The inverse of a message, decoded from its JSON. Raises BadEvent."""
        try:
            images = message["images"]
            listed = None if images is None else tuple(ProductImage(each["id"], each["url"]) for each in images)
            return cls(message["source"], message["shop"], message["id"], listed)
        except (TypeError, KeyError) as error:
            raise BadEvent(f"The message is not a product: {error!r}.") from error


def product_images(rows: Sequence[Any], *, url: str) -> tuple[ProductImage, ...]:
    """The images of a platform's list that have a URL and that Hairline did not make itself.

    rows: objects with an id. url: the name of their field with the URL. Raises BadEvent for other rows.
    """
    found = {}
    for row in rows:
        if not isinstance(row, dict) or "id" not in row:
            raise BadEvent("Each image of the product must be an object with an id.")
        address = row.get(url)
        if isinstance(address, str) and address and not _is_own(address, row.get("alt")):
            found[str(row["id"])] = ProductImage(str(row["id"]), address)
    return tuple(found.values())


def check_id(value: Any, kind: str) -> str:
    """`value`, if it can be a part of a key. kind: what it identifies, for the message. Raises BadEvent."""
    if not isinstance(value, str) or _ID.fullmatch(value) is None:
        raise BadEvent(f"{str(value)[:200]!r} is not a valid {kind} id: use letters, digits, _, - and . only.")
    return value


def _is_own(url: str, alt: Any) -> bool:
    """Whether it is a cutout that was put back into the shop. Cutting it again would start a loop."""
    name = url.partition("?")[0].rpartition("/")[2].lower()
    return name.startswith(_OWN_NAMES) or (isinstance(alt, str) and _OWN_MARK in alt.lower())
