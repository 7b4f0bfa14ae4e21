"""What differs between platforms, a row for each: signatures, field names, and where images are stored.

Shopify: https://shopify.dev/docs/api/webhooks. WooCommerce: https://woocommerce.github.io/woocommerce-rest-api-docs.
BigCommerce: https://docs.bigcommerce.com/developer/docs/integrations/webhooks (only the product's id).
Standard Webhooks and Hairline's own `hairline.requested` have {"shop", "product", "images": [{"id", "url"}]} as data.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from handler.errors import BadEvent
from handler.hooks import bigcommerce
from handler.hooks.products import Product, ProductImage, product_images
from handler.hooks.signatures import SCHEMES, Scheme
from handler.untrusted.exchange import Wire
from handler.untrusted.guard import Policy

Metadata = Mapping[str, str]
"""What comes with the payload: headers, or the metadata of an event; names in lower case."""
Payload = Mapping[str, Any]
Query = Callable[[Product, str, Policy, Wire], tuple[ProductImage, ...]]
"""(product, the source's token, policy, wire) -> the product's images."""


@dataclass(frozen=True, slots=True)
class Platform:
    """One kind of sender.

    topics: those that Hairline processes; others are accepted and ignored. topic: reads the topic. shop: reads the
    shop's name, None if it is not given; headers are not signed, so only a registered name is accepted. product: reads
    the product's id. images: reads the payload's images; None if the platform's API lists them, which `query` calls.
    hosts: where images are stored; None for any public host. own_host: whether the shop's own host is one of them.
    version: the query parameter of a URL that changes while the image does not. ping: a pattern of the unsigned body
    by which the sender tests the address.
    """

    scheme: Scheme
    topics: frozenset[str]
    topic: Callable[[Metadata, Payload], str | None]
    shop: Callable[[Metadata, Payload], str | None]
    product: Callable[[Payload], Any]
    images: Callable[[Payload], tuple[ProductImage, ...]] | None = None
    query: Query | None = None
    hosts: tuple[str, ...] | None = None
    own_host: bool = False
    version: str | None = None
    ping: str | None = None


def _rows(payload: Payload, name: str) -> list[Any]:
    rows = payload.get(name)
    if rows is None:
        return []
    if not isinstance(rows, list):
        raise BadEvent(f"The product's {name} must be a list.")
    return rows


def _shopify(payload: Payload) -> tuple[ProductImage, ...]:
    if images := _rows(payload, "images"):
        return product_images(images, url="src")
    # The newer form. Shopify sends another webhook when it has processed the images that are not ready.
    media = [row for row in _rows(payload, "media") if isinstance(row, dict)]
    ready = [row for row in media if row.get("media_content_type") == "IMAGE" and row.get("status") == "READY"]
    return product_images([{**row, "src": (row.get("preview_image") or {}).get("src")} for row in ready], url="src")


def _data(payload: Payload) -> Payload:
    data = payload.get("data")
    if not isinstance(data, Mapping):
        raise BadEvent("The payload's data must be an object.")
    return data


def _host(url: str | None) -> str | None:
    return urlsplit(url).hostname if url else None


PLATFORMS = {
    "shopify": Platform(
        SCHEMES["shopify"],
        topics=frozenset({"products/create", "products/update"}),
        topic=lambda metadata, _: metadata.get("x-shopify-topic"),
        shop=lambda metadata, _: metadata.get("x-shopify-shop-domain"),
        product=lambda payload: payload["id"],
        images=_shopify,
        hosts=("cdn.shopify.com",),
        version="v",
    ),
    "woocommerce": Platform(
        SCHEMES["woocommerce"],
        topics=frozenset({"product.created", "product.updated", "product.restored"}),
        topic=lambda metadata, _: metadata.get("x-wc-webhook-topic"),
        shop=lambda metadata, _: _host(metadata.get("x-wc-webhook-source")),
        product=lambda payload: payload["id"],
        images=lambda payload: product_images(_rows(payload, "images"), url="src"),
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
        query=bigcommerce.images,
        hosts=("*.bigcommerce.com", "*.mybigcommerce.com"),
        version="c",
    ),
    "standard": Platform(
        SCHEMES["standard"],
        topics=frozenset({"product.created", "product.updated", "hairline.requested"}),
        topic=lambda _, payload: payload.get("type"),
        shop=lambda _, payload: _data(payload).get("shop"),
        product=lambda payload: _data(payload)["product"],
        images=lambda payload: product_images(_rows(_data(payload), "images"), url="url"),
    ),
}
