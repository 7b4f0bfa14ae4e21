"""Who really sent a hook: HMAC-SHA256 over the bytes as they came, for each scheme a row of `SCHEMES`.

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
"""Names in lower case to all values that came under that name."""

_BYTES = "utf-8", "surrogatepass"
"""A header may hold anything; what is no text matches no signature."""

TOLERANCE_S = 300
"""How far a signed time may be from our clock."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """How a sender signs.

    header: where the signature is. before: the headers whose values, each with a dot behind it, are signed before the
    body; of two the second is the time in seconds since 1970. version: what stands before each of the signatures that
    the header lists; with none the header is one signature. key: the secret as bytes; raises BadConfig.
    """

    header: str
    before: tuple[str, ...]
    version: str
    key: Callable[[str], bytes]


def _utf8(secret: str) -> bytes:
    return secret.encode()


def _unescaped(secret: str) -> bytes:
    """WordPress keeps the secret with these characters as HTML entities, and signs with what they stand for."""
    entity = re.compile(r"&(?:amp|lt|gt|quot|apos|#[0-9]+|#x[0-9a-f]+);", re.IGNORECASE)
    return entity.sub(lambda found: c if (c := html.unescape(found[0])) in "<>&\"'" else found[0], secret).encode()


def _standard(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error as error:
        raise BadConfig("A secret of Standard Webhooks is whsec_ and base64; this one is no base64.") from error
    if not 24 <= len(key) <= 64:
        raise BadConfig(f"A secret of Standard Webhooks has 24 to 64 bytes; this one has {len(key)}.")
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

    secrets: the new and, while they are being changed, the old one. now: seconds since 1970. Raises BadConfig for a
    secret that can be none.
    """
    given = only(headers, scheme.header)
    before = [only(headers, name) for name in scheme.before]
    if before and not _is_recent(before[1], now):
        raise BadSignature(f"{scheme.before[1]} is no time near ours.")
    expected = [signature(scheme, before, body, secret) for secret in secrets]
    candidates = given.split(" ") if scheme.version else [given]
    # Every pair is compared, so that the time taken does not tell which of them came near.
    matches = [hmac.compare_digest(ours.encode(), theirs.encode(*_BYTES)) for ours in expected for theirs in candidates]
    if not any(matches):
        raise BadSignature("The signature is of another body or another secret.")


def signature(scheme: Scheme, before: Sequence[str], body: bytes, secret: str) -> str:
    """One signature as it stands in the header. before: the values of `scheme.before`."""
    key = scheme.key(secret)
    if not key:
        raise BadConfig("A secret is empty, and everybody could sign with it.")
    digest = hmac.new(key, b"".join(f"{value}.".encode(*_BYTES) for value in before) + body, hashlib.sha256).digest()
    return scheme.version + base64.b64encode(digest).decode()


def only(headers: Headers, name: str) -> str:
    """The one value of a header. Raises BadSignature where there is none or more than one to choose from."""
    values = headers.get(name, ())
    if len(values) != 1 or not values[0]:
        raise BadSignature(f"{name} came {len(values)} times, and must come once.")
    return values[0]


def _is_recent(text: str, now: float) -> bool:
    return re.fullmatch(r"[0-9]{1,12}", text) is not None and abs(int(text) - now) <= TOLERANCE_S
