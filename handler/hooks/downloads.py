"""Downloads the images of products in the fetch queue to the input bucket, where they are processed like all others.

A message with several images is split into one for each, so that each is retried by itself.
"""

import json
from dataclasses import dataclass, replace
from typing import Any, Literal

from handler import notifications
from handler.aws.dead_letters import DeadLetters
from handler.aws.queue import Queue
from handler.dispositions import Disposition, of
from handler.errors import BadEvent, BadSignature, FetchError, SourceChanged
from handler.events import eventbridge
from handler.hooks import intake
from handler.hooks.originals import Originals
from handler.hooks.products import Product, ProductImage
from handler.hooks.registry import Registry, Source
from handler.jobs import ObjectRef
from handler.notifications import Publisher
from handler.observability import logger
from handler.untrusted.exchange import Wire
from handler.untrusted.guard import Policy
from pipeline.errors import HairlineError

Outcome = Literal["split", "nothing", "stored", "unchanged", "rejected", "dead"]


@dataclass(frozen=True, slots=True)
class Deps:
    """What `process` depends on. policy, wire: for queries of a platform's API."""

    registry: Registry
    queue: Queue
    dead_letters: DeadLetters
    originals: Originals
    publisher: Publisher
    policy: Policy
    wire: Wire


def process(body: str, deps: Deps) -> Outcome:
    """Process one message.

    An image that can never be downloaded is published as rejected, and the message counts as done. A message that
    cannot be understood goes to the dead-letter queue. Raises errors that a retry may solve.
    """
    try:
        return _process(body, deps)
    except HairlineError as error:
        if of(error).disposition is not Disposition.ALARM and not isinstance(error, BadSignature):
            raise
        logger.exception("download", extra={"code": error.code, "reason": str(error)})
        deps.dead_letters.send(body, [error])
        return "dead"


def _process(body: str, deps: Deps) -> Outcome:
    product, source = _product(body, deps.registry)
    if product is None:
        return "nothing"
    images = _query(product, source, deps) if product.images is None else product.images
    if len(images) != 1:
        singles = (replace(product, images=(image,)) for image in images)
        deps.queue.send_all(message for single in singles for message in single.messages())
        return "split" if images else "nothing"
    return _download(product, images[0], source, deps)


def _product(body: str, registry: Registry) -> tuple[Product | None, Source]:
    try:
        message: Any = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadEvent(f"The message is not JSON: {error}.") from error
    if not eventbridge.is_event(message):
        product = Product.from_message(message)
        return product, registry.named(product.source)
    event_source, metadata, payload = eventbridge.shop_payload(message)
    source = registry.of_event_source(event_source)
    return intake.read(source, metadata, payload), source


def _query(product: Product, source: Source, deps: Deps) -> tuple[ProductImage, ...]:
    if source.platform.query is None or source.token is None:
        raise BadEvent(
            f"The message lists no images, and the platform of the source {source.name} has no API for them."
        )
    return source.platform.query(product, source.token, deps.policy, deps.wire)


def _download(product: Product, image: ProductImage, source: Source, deps: Deps) -> Outcome:
    key = product.key(image)
    facts = {"key": key, "url": image.url}
    try:
        outcome: Outcome = "stored" if deps.originals.ensure_stored(key, image.url, source) else "unchanged"
    except HairlineError as error:
        detail = error.detail if isinstance(error, FetchError) else str(error)
        # SourceChanged: another worker stored another image of this key meanwhile. A retry compares again.
        if of(error).disposition is not Disposition.REJECT or isinstance(error, SourceChanged):
            logger.warning("download", extra={**facts, "outcome": "retry", "code": error.code, "reason": detail})
            raise
        logger.info("download", extra={**facts, "outcome": "rejected", "code": error.code, "reason": detail})
        ref = ObjectRef(deps.originals.bucket, key)
        rejected = notifications.from_refused_download(ref, image.url, error.code, str(error))
        deps.publisher.publish(rejected, first=False)
        return "rejected"
    logger.info("download", extra={**facts, "outcome": outcome})
    return outcome
