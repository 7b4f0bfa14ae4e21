"""Verifies who sent a webhook: HMAC-SHA256 over its raw body, with a row of `SCHEMES` for each way of signing.

Shopify: https://shopify.dev/docs/apps/build/webhooks/subscribe/https#step-2-validate-the-origin-of-your-webhook
WooCommerce: https://github.com/woocommerce/woocommerce, includes/class-wc-webhook.php, `generate_signature`
BigCommerce: https://docs.bigcommerce.com/developer/docs/integrations/webhooks/https-webhook-overview
Standard Webhooks: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hashlib
import hmac
import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from handler.errors import BadConfig, BadSignature

Headers = Mapping[str, Sequence[str]]
"""Each name, in lower case, with all its values."""

_BYTES = "utf-8", "surrogatepass"
"""A header may contain any bytes. Those that are not text match no signature."""

TOLERANCE_S = 300
"""How far a signed time may be from this server's clock, in seconds, either way."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """How a sender signs.

    header: has the signature. signed_headers: their values, each followed by a dot, are signed in front of the body;
    the second is the time in seconds since 1970. version: the prefix of each signature in the header's list; if it is
    empty, the header is one signature. key: the secret as bytes; raises BadConfig.
    """

    header: str
    signed_headers: tuple[str, ...]
    version: str
    key: Callable[[str], bytes]


def _utf8(secret: str) -> bytes:
    return secret.encode()


def _unescaped(secret: str) -> bytes:
    """WordPress stores the secret with these characters as HTML entities, and signs with the characters."""
    entity = re.compile(r"&(?:amp|lt|gt|quot|apos|#[0-9]+|#x[0-9a-f]+);", re.IGNORECASE)
    return entity.sub(lambda found: c if (c := html.unescape(found[0])) in "<>&\"'" else found[0], secret).encode()


def _standard(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error as error:
        raise BadConfig(
            "A secret of Standard Webhooks must be whsec_ and base64; this one is not valid base64."
        ) from error
    if not 24 <= len(key) <= 64:
        raise BadConfig(f"A secret of Standard Webhooks must have 24 to 64 bytes; this one has {len(key)}.")
    return key


_STANDARD_HEADERS = ("webhook-id", "webhook-timestamp")

SCHEMES = {
    "shopify": Scheme("x-shopify-hmac-sha256", (), "", _utf8),
    "woocommerce": Scheme("x-wc-webhook-signature", (), "", _unescaped),
    "bigcommerce": Scheme("webhook-signature", _STANDARD_HEADERS, "v1,", _utf8),
    "standard": Scheme("webhook-signature", _STANDARD_HEADERS, "v1,", _standard),
}


def verify(scheme: Scheme, headers: Headers, body: bytes, secrets: Sequence[str], now: float) -> None:
    """Raise BadSignature unless one of the secrets signed exactly this.

    secrets: the new one and, during a change, the old one. now: seconds since 1970. Raises BadConfig for a malformed
    secret.
    """
    given = _single(headers, scheme.header)
    signed = [_single(headers, name) for name in scheme.signed_headers]
    if signed and not _is_recent(signed[1], now):
        raise BadSignature(
            f"{scheme.signed_headers[1]} is more than {TOLERANCE_S // 60} minutes away from this server's clock."
        )
    expected = [signature(scheme, signed, body, secret) for secret in secrets]
    candidates = given.split(" ") if scheme.version else [given]
    # Every pair is compared, so that the time does not reveal which of them matched.
    matches = [hmac.compare_digest(ours.encode(), theirs.encode(*_BYTES)) for ours in expected for theirs in candidates]
    if not any(matches):
        raise BadSignature("The signature does not match this body and any registered secret.")


def signature(scheme: Scheme, signed: Sequence[str], body: bytes, secret: str) -> str:
    """One signature, as in the header. signed: the values of `scheme.signed_headers`. Raises BadConfig."""
    key = scheme.key(secret)
    if not key:
        raise BadConfig("A secret is empty, so anybody could sign with it. Register another.")
    digest = hmac.new(key, b"".join(f"{value}.".encode(*_BYTES) for value in signed) + body, hashlib.sha256).digest()
    return scheme.version + base64.b64encode(digest).decode()


def _single(headers: Headers, name: str) -> str:
    """The one value of a header. Raises BadSignature if it is missing or has several."""
    values = headers.get(name, ())
    if len(values) != 1 or not values[0]:
        raise BadSignature(f"The header {name} came {len(values)} times, but must come once and not be empty.")
    return values[0]


def _is_recent(text: str, now: float) -> bool:
    return re.fullmatch(r"[0-9]{1,12}", text) is not None and abs(int(text) - now) <= TOLERANCE_S
