"""Registered shops, one for each platform, and hooks as they send them."""

import base64
import copy
import json
from pathlib import Path
from typing import Any

from handler.hooks import registry, signatures
from handler.hooks.registry import Source
from handler.untrusted.guard import Policy

EVENTS = Path(__file__).parents[3] / "events"
STANDARD_SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
CALLBACK_SECRET = "whsec_" + base64.b64encode(bytes(range(32, 64))).decode()
NOW = 1_764_000_000.0

DOCUMENT: dict[str, Any] = {
    "spring": {
        "platform": "shopify",
        "secrets": ["hush"],
        "shops": ["spring.myshopify.com"],
        "event_source": "aws.partner/shopify.com/123456/hairline",
    },
    "woo": {"platform": "woocommerce", "secrets": ["hush"], "shops": ["woo.example"], "hosts": ["cdn.woo.example"]},
    "big": {
        "platform": "bigcommerce",
        "secrets": ["hush"],
        "shops": ["abc123"],
        "token": "token",
        "event_source": "aws.partner/bigcommerce.com/abc123/hairline",
    },
    "own": {
        "platform": "standard",
        "secrets": [STANDARD_SECRET],
        "shops": ["catalogue"],
        "event_source": "my.catalogue",
        "callback": {"url": "https://pictures.example/told", "secrets": [CALLBACK_SECRET]},
    },
    "callbacks": {"secrets": [CALLBACK_SECRET]},
}


class Entries:
    """Stands where Secrets Manager does; holds one document."""

    def __init__(self, document: Any) -> None:
        self.document = copy.deepcopy(document)

    def get(self, name: str, max_age: int | None = None) -> str:  # noqa: ARG002  as a Reader is called
        return self.document if isinstance(self.document, str) else json.dumps(self.document)


ENTRIES = Entries(DOCUMENT)


def source(name: str) -> Source:
    return registry.source(name, DOCUMENT[name], Policy())


def signed(name: str, headers: dict[str, str], body: bytes, now: float = NOW) -> dict[str, list[str]]:
    """A hook's headers, as its sender signs it."""
    sender = source(name)
    scheme = sender.platform.scheme
    before = ["msg_1", str(int(now))][: len(scheme.before)]
    ours = dict(zip(scheme.before, before, strict=True))
    ours[scheme.header] = signatures.signature(scheme, before, body, sender.secrets[0])
    return {key.lower(): [value] for key, value in {**headers, **ours}.items()}


def hook(name: str) -> tuple[dict[str, str], bytes]:
    """(headers, body) of a file in events/."""
    event = json.loads((EVENTS / f"hook_{name}.json").read_text("utf-8"))
    return event["headers"], json.dumps(event["payload"], ensure_ascii=False).encode()
