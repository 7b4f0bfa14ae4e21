"""A hook as it comes in: verified over its raw bytes, remembered, and handed to the queue. Nothing is fetched here.

In this order: nothing is parsed before the signature holds, and nothing is remembered before it is in the queue, so
that a sender which hears of a failure and sends again is heard. Two at once may both get into the queue, where the
second changes nothing.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from handler import keys
from handler.aws.documents import DocumentStore
from handler.aws.queue import Queue
from handler.errors import BadEvent, BadSignature, TooMuch
from handler.hooks import signatures
from handler.hooks.products import Product
from handler.hooks.registry import Registry, Source
from handler.hooks.signatures import Headers

MOST_BYTES = 1_000_000
"""Of a body; a product with 250 pictures has a fifth of it."""


@dataclass(frozen=True, slots=True)
class Deps:
    """What intake needs of the world. memory: of hooks that came already."""

    registry: Registry
    queue: Queue
    memory: DocumentStore


def accept(name: str, headers: Headers, body: bytes, deps: Deps, now: float) -> str:
    """Take a hook that came to /hooks/{name}; return how it ended: "queued", "repeated", "ignored" or "ping".

    now: seconds since 1970. Raises TooMuch, BadSignature, BadEvent, BadConfig, StoreUnavailable.
    """
    if len(body) > MOST_BYTES:
        raise TooMuch(f"The hook has {len(body):,} bytes; at most {MOST_BYTES:,} are taken.")
    source = deps.registry.named(name)
    scheme = source.platform.scheme
    if source.platform.ping and scheme.header not in headers and re.fullmatch(source.platform.ping.encode(), body):
        return "ping"
    if not source.secrets:
        raise BadSignature(f"The source {name} has no secrets: its events come by EventBridge.")
    signatures.verify(scheme, headers, body, source.secrets, now)
    words = {word: values[0] for word, values in headers.items() if len(values) == 1}
    product = read(source, words, _decoded(body))
    if product is None:
        return "ignored"
    # Delivery ids are not signed, so a replayed hook could bear a new one; the body, and what it was read as, cannot.
    seen = keys.webhook(name, body)
    if deps.memory.read(seen) is not None:
        return "repeated"
    for message in product.messages():
        deps.queue.send(message)
    deps.memory.create(seen, {"product": product.id})
    return "queued"


def read(source: Source, words: Mapping[str, str], payload: Mapping[str, Any]) -> Product | None:
    """The product that a hook or event tells of; None where it tells of something else, or of nothing to fetch.

    words: headers, or metadata, names in lower case. Raises BadEvent, and BadSignature for a shop that is not theirs.
    """
    platform = source.platform
    if platform.topic(words, payload) not in platform.topics:
        return None
    shop = source.shop(platform.shop(words, payload))
    try:
        product = Product(source.name, shop, str(platform.product(payload)), platform.pictures(payload))
    except (KeyError, TypeError, AttributeError) as error:
        raise BadEvent(f"The payload is no product: {error!r}.") from error
    return None if product.pictures == () else product


def _decoded(body: bytes) -> Mapping[str, Any]:
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadEvent(f"The hook is not JSON: {error}.") from error
    if not isinstance(payload, dict):
        raise BadEvent("The hook is no JSON object.")
    return payload
