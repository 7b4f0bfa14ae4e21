"""Accepts webhooks: verifies the raw body, queues the product, and records the webhook. It downloads nothing.

The order matters. Nothing is parsed before the signature is verified. Nothing is recorded before it is in the queue, so
a sender that gets an error and retries is not ignored. Two copies at the same moment may both get into the queue; the
second changes nothing.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from handler import keys
from handler.aws.documents import DocumentStore
from handler.aws.queue import Queue
from handler.errors import BadEvent, BadSignature, PayloadTooLarge
from handler.hooks import signatures
from handler.hooks.products import Product
from handler.hooks.registry import Registry, Source
from handler.hooks.signatures import Headers

MAX_BODY_BYTES = 1_000_000
"""A product with 250 images has a fifth of this."""

Outcome = Literal["queued", "repeated", "ignored", "ping"]


@dataclass(frozen=True, slots=True)
class Deps:
    """What `accept` depends on. state: has a record of each webhook that was accepted."""

    registry: Registry
    queue: Queue
    state: DocumentStore


def accept(name: str, headers: Headers, body: bytes, deps: Deps, now: float) -> Outcome:
    """Accept a webhook to /hooks/{name}. headers: names in lower case. body: as it was sent.

    now: seconds since 1970. Raises PayloadTooLarge, BadSignature, BadEvent, BadConfig, StoreUnavailable.
    """
    if len(body) > MAX_BODY_BYTES:
        raise PayloadTooLarge(
            f"The webhook's body is {len(body) / 1e6:.1f} MB; the limit is {MAX_BODY_BYTES / 1e6:.0f} MB."
        )
    source = deps.registry.named(name)
    scheme = source.platform.scheme
    if source.platform.ping and scheme.header not in headers and re.fullmatch(source.platform.ping.encode(), body):
        return "ping"
    if not source.secrets:
        raise BadSignature(f"The source {name} has no secrets: its events come through EventBridge.")
    signatures.verify(scheme, headers, body, source.secrets, now)
    metadata = {header: values[0] for header, values in headers.items() if len(values) == 1}
    product = read(source, metadata, _decoded(body))
    if product is None:
        return "ignored"
    # Delivery ids are not signed, so a replayed webhook could have a new one. The body is signed.
    seen = keys.webhook(name, body)
    if deps.state.read(seen) is not None:
        return "repeated"
    for message in product.messages():
        deps.queue.send(message)
    deps.state.create(seen, {"product": product.id})
    return "queued"


def read(source: Source, metadata: Mapping[str, str], payload: Mapping[str, Any]) -> Product | None:
    """The product that a webhook or event is about; None for another topic, or if there is nothing to download.

    metadata: headers, or an event's metadata, names in lower case. Raises BadEvent, and BadSignature for a shop that is
    not the source's.
    """
    platform = source.platform
    try:
        if platform.topic(metadata, payload) not in platform.topics:
            return None
        shop = source.shop(platform.shop(metadata, payload))
        images = platform.images(payload) if platform.images is not None else None
        product = Product(source.name, shop, str(platform.product(payload)), images)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise BadEvent(f"The payload is not a product: {error!r}.") from error
    return None if product.images == () else product


def _decoded(body: bytes) -> Mapping[str, Any]:
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadEvent(f"The webhook's body is not JSON: {error}.") from error
    if not isinstance(payload, dict):
        raise BadEvent("The webhook's body must be a JSON object.")
    return payload
