"""Messages of the fetch queue: a product's pictures into the input bucket, from where they go the ordinary way.

A message that names several pictures becomes one for each, so that each is tried again by itself.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from handler import notifications
from handler.aws.dead_letters import DeadLetters
from handler.aws.queue import Queue
from handler.dispositions import Disposition, of
from handler.errors import BadEvent, BadSignature, NotFetched
from handler.events import eventbridge
from handler.hooks import intake
from handler.hooks.originals import Originals
from handler.hooks.products import Picture, Product
from handler.hooks.registry import Registry, Source
from handler.jobs import ObjectRef
from handler.notifications import Publisher
from handler.observability import logger
from pipeline.errors import HairlineError


@dataclass(frozen=True, slots=True)
class Deps:
    """What fetching needs of the world. catalogue: asks a shop for the pictures of a product whose hook names none."""

    registry: Registry
    queue: Queue
    dead_letters: DeadLetters
    originals: Originals
    publisher: Publisher
    catalogue: Callable[[Product, Source], tuple[Picture, ...]]


def deliver(body: str, deps: Deps) -> str:
    """Do one message; return how it ended: split, nothing, stored, unchanged, rejected, or dead for a dead letter.

    What cannot be fetched is told of as rejected and counts as delivered; what cannot be understood goes to the
    dead-letter queue. Raises what asks for another try.
    """
    try:
        return _done(body, deps)
    except HairlineError as error:
        if of(error).disposition is not Disposition.ALARM and not isinstance(error, BadSignature):
            raise
        logger.exception("fetch", extra={"code": error.code, "reason": str(error)})
        deps.dead_letters.send(body, [error])
        return "dead"


def _done(body: str, deps: Deps) -> str:
    product, source = _product(body, deps.registry)
    if product is None:
        return "nothing"
    pictures = deps.catalogue(product, source) if product.pictures is None else product.pictures
    if len(pictures) != 1:
        each = (replace(product, pictures=(picture,)) for picture in pictures)
        deps.queue.send_all(message for one in each for message in one.messages())
        return "split" if pictures else "nothing"
    return _one(product, pictures[0], source, deps)


def _product(body: str, registry: Registry) -> tuple[Product | None, Source]:
    try:
        message: Any = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadEvent(f"The message is not JSON: {error}.") from error
    if not eventbridge.is_one(message):
        product = Product.from_message(message)
        return product, registry.named(product.source)
    event_source, words, payload = eventbridge.shop_payload(message)
    source = registry.of_event_source(event_source)
    return intake.read(source, words, payload), source


def _one(product: Product, picture: Picture, source: Source, deps: Deps) -> str:
    key = product.key(picture)
    facts = {"key": key, "url": picture.url}
    try:
        outcome = "stored" if deps.originals.ensure_stored(key, picture.url, source) else "unchanged"
    except HairlineError as error:
        detail = error.detail if isinstance(error, NotFetched) else str(error)
        if of(error).disposition is not Disposition.REJECT:
            logger.warning("fetch", extra={**facts, "outcome": "retry", "code": error.code, "reason": detail})
            raise
        logger.info("fetch", extra={**facts, "outcome": "rejected", "code": error.code, "reason": detail})
        ref = ObjectRef(deps.originals.bucket, key)
        deps.publisher.publish(
            notifications.from_refused_download(ref, picture.url, error.code, str(error)), first=False
        )
        return "rejected"
    logger.info("fetch", extra={**facts, "outcome": outcome})
    return outcome
