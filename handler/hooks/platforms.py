"""What the platforms differ in, a row each: how they sign, what they call things, where the pictures may lie.

Shopify: https://shopify.dev/docs/api/webhooks. WooCommerce: https://woocommerce.github.io/woocommerce-rest-api-docs.
BigCommerce: https://docs.bigcommerce.com/developer/docs/integrations/webhooks, whose hooks name a product and no more.
Standard Webhooks and our own `hairline.requested` carry {"shop", "product", "images": [{"id", "url"}]} as their data.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from handler.errors import BadEvent
from handler.hooks.products import Picture, pictures
from handler.hooks.signatures import SCHEMES, Scheme

Words = Mapping[str, str]
"""What is said beside the payload: headers, or the metadata of an event; names in lower case."""
Payload = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Platform:
    """One kind of sender.

    topics: what is told of in words that concern us; others are acknowledged and forgotten. topic: where the topic is.
    shop: the shop's name as the sender has it, None where it does not say; headers are not signed, so it is only taken
    if it is one that is registered. product: its id. pictures: None where the platform has to be asked for them.
    hosts: where pictures lie; own_host: whether they lie with the shop itself too. version: the part of a query that
    changes while the picture does not. ping: what an unsigned body that only tests the address looks like.
    """

    scheme: Scheme
    topics: frozenset[str]
    topic: Callable[[Words, Payload], str | None]
    shop: Callable[[Words, Payload], str | None]
    product: Callable[[Payload], Any]
    pictures: Callable[[Payload], tuple[Picture, ...] | None]
    hosts: tuple[str, ...] | None = None
    own_host: bool = False
    version: str | None = None
    ping: str | None = None


def _rows(payload: Payload, name: str) -> list[Any]:
    rows = payload.get(name)
    if rows is None:
        return []
    if not isinstance(rows, list):
        raise BadEvent(f"The product's {name} are no list.")
    return rows


def _shopify(payload: Payload) -> tuple[Picture, ...]:
    if images := _rows(payload, "images"):
        return pictures(images, url="src")
    # The newer form of the same; pictures that Shopify has not processed yet come with another event.
    media = [row for row in _rows(payload, "media") if isinstance(row, dict)]
    ready = [row for row in media if row.get("media_content_type") == "IMAGE" and row.get("status") == "READY"]
    return pictures([{**row, "src": (row.get("preview_image") or {}).get("src")} for row in ready], url="src")


def _data(payload: Payload) -> Payload:
    data = payload.get("data")
    if not isinstance(data, Mapping):
        raise BadEvent("The payload has no data that is an object.")
    return data


def _host(url: str | None) -> str | None:
    return urlsplit(url).hostname if url else None


PLATFORMS = {
    "shopify": Platform(
        SCHEMES["shopify"],
        topics=frozenset({"products/create", "products/update"}),
        topic=lambda words, _: words.get("x-shopify-topic"),
        shop=lambda words, _: words.get("x-shopify-shop-domain"),
        product=lambda payload: payload["id"],
        pictures=_shopify,
        hosts=("cdn.shopify.com",),
        version="v",
    ),
    "woocommerce": Platform(
        SCHEMES["woocommerce"],
        topics=frozenset({"product.created", "product.updated", "product.restored"}),
        topic=lambda words, _: words.get("x-wc-webhook-topic"),
        shop=lambda words, _: _host(words.get("x-wc-webhook-source")),
        product=lambda payload: payload["id"],
        pictures=lambda payload: pictures(_rows(payload, "images"), url="src"),
        hosts=(),
        own_host=True,
        ping=r"webhook_id=[0-9]+",
    ),
    "bigcommerce": Platform(
        SCHEMES["bigcommerce"],
        topics=frozenset({"store/product/created", "store/product/updated"}),
        topic=lambda _, payload: payload.get("scope"),
        shop=lambda _, payload: str(payload.get("producer", "")).removeprefix("stores/") or None,
        product=lambda payload: _data(payload)["id"],
        pictures=lambda _: None,
        hosts=("*.bigcommerce.com", "*.mybigcommerce.com"),
        version="c",
    ),
    "standard": Platform(
        SCHEMES["standard"],
        topics=frozenset({"product.created", "product.updated", "hairline.requested"}),
        topic=lambda _, payload: payload.get("type"),
        shop=lambda _, payload: _data(payload).get("shop"),
        product=lambda payload: _data(payload)["product"],
        pictures=lambda payload: pictures(_rows(_data(payload), "images"), url="url"),
    ),
}
