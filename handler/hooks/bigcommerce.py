"""Ask BigCommerce for a product's pictures: its hooks say only which product changed.

https://developer.bigcommerce.com/docs/rest-catalog/products/images
"""

import json
from typing import Any

from handler.errors import BadConfig, FetchFailed, FetchRefused
from handler.hooks.products import Picture, Product, pictures
from handler.hooks.registry import Source
from handler.untrusted import guard
from handler.untrusted.exchange import Deadline, Wire, exchange
from handler.untrusted.guard import Policy

HOST = "api.bigcommerce.com"
_PAGE = 250
_MOST_PAGES = 20


def images(product: Product, source: Source, policy: Policy, wire: Wire) -> tuple[Picture, ...]:
    """The product's pictures; none where the shop no longer has it.

    Raises BadConfig where the token is missing or not accepted, FetchFailed, FetchRefused, ImageTooLarge for an answer
    beyond all measure, BadEvent for pictures that are none.
    """
    if source.token is None:
        raise BadConfig(f"The source {source.name} needs a token, with which its shop can be asked for pictures.")
    rows: list[Any] = []
    for page in range(1, _MOST_PAGES + 1):
        path = f"stores/{product.shop}/v3/catalog/products/{product.id}/images?limit={_PAGE}&page={page}"
        found = _page(f"https://{HOST}/{path}", source, policy, wire)
        rows += found
        if len(found) < _PAGE:
            break
    return pictures([_flat(row) for row in rows], url="url")


def _page(url: str, source: Source, policy: Policy, wire: Wire) -> list[Any]:
    headers = {"Accept": "application/json", "X-Auth-Token": source.token or ""}
    # A redirect is an answer like others here: the token goes to this host alone.
    target = guard.target(url, policy, [HOST])
    with exchange("GET", target, policy, wire, Deadline(policy.total_s, wire.clock), headers=headers) as reply:
        if reply.status in (404, 204):
            return []
        if reply.status in (401, 403):
            raise BadConfig(f"BigCommerce does not accept the token of the source {source.name}.")
        if reply.status != 200:
            kind = FetchFailed if reply.status == 429 or reply.status >= 500 else FetchRefused
            raise kind(f"{HOST} answered with status {reply.status}")
        try:
            rows = json.loads(reply.read())["data"]
        except (ValueError, RecursionError, KeyError, TypeError) as error:
            raise FetchFailed(f"{HOST} answered with something else than pictures: {error!r}") from error
    if not isinstance(rows, list):
        raise FetchFailed(f"{HOST} answered with something else than a list of pictures")
    return rows


def _flat(row: Any) -> Any:
    """With one URL: of the largest size that the shop keeps."""
    if not isinstance(row, dict):
        return row
    return {**row, "url": row.get("url_zoom") or row.get("url_standard"), "alt": row.get("description")}
