"""A product's images by BigCommerce's API, since its webhooks only say which product changed.

https://developer.bigcommerce.com/docs/rest-catalog/products/images
"""

import json
from typing import Any

from handler.errors import BadConfig, FetchFailed, FetchRefused
from handler.hooks.products import Product, ProductImage, product_images
from handler.untrusted import guard
from handler.untrusted.exchange import Deadline, Wire, exchange
from handler.untrusted.guard import Policy

HOST = "api.bigcommerce.com"
_PAGE = 250
_MAX_PAGES = 20


def images(product: Product, token: str, policy: Policy, wire: Wire) -> tuple[ProductImage, ...]:
    """The product's images; none if the shop no longer has it. token: of the API.

    Raises BadConfig if the token is rejected, FetchFailed, FetchRefused, ImageTooLarge for an oversized response,
    BadEvent for malformed images.
    """
    rows: list[Any] = []
    deadline = Deadline(policy.total_s, wire.clock)  # for all pages, or the function's timeout would come first
    for page in range(1, _MAX_PAGES + 1):
        path = f"stores/{product.shop}/v3/catalog/products/{product.id}/images?limit={_PAGE}&page={page}"
        found = _page(f"https://{HOST}/{path}", product.source, token, policy, wire, deadline)
        rows += found
        if len(found) < _PAGE:
            break
    return product_images([_with_url(row) for row in rows], url="url")


def _page(url: str, source: str, token: str, policy: Policy, wire: Wire, deadline: Deadline) -> list[Any]:
    headers = {"Accept": "application/json", "X-Auth-Token": token}
    # No redirect is followed, so that the token reaches this host only.
    target = guard.target(url, policy, [HOST])
    with exchange("GET", target, policy, wire, deadline, headers=headers) as reply:
        if reply.status in (404, 204):
            return []
        if reply.status in (401, 403):
            raise BadConfig(f"BigCommerce rejects the token of the source {source}. Register a new one.")
        if reply.status != 200:
            kind = FetchFailed if reply.status == 429 or reply.status >= 500 else FetchRefused
            raise kind(f"{HOST} answered with status {reply.status}")
        try:
            rows = json.loads(reply.read())["data"]
        except (ValueError, RecursionError, KeyError, TypeError) as error:
            raise FetchFailed(f"the answer of {HOST} does not list images: {error!r}") from error
    if not isinstance(rows, list):
        raise FetchFailed(f"the answer of {HOST} does not list images")
    return rows


def _with_url(row: Any) -> Any:
    """The row with one URL, that of the largest size."""
    if not isinstance(row, dict):
        return row
    return {**row, "url": row.get("url_zoom") or row.get("url_standard"), "alt": row.get("description")}
