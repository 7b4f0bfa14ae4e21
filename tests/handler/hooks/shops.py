"""A registered shop of each platform, and the webhooks that it sends."""

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
        "callback": {"url": "https://pictures.example/callback", "secrets": [CALLBACK_SECRET]},
    },
    "callbacks": {"secrets": [CALLBACK_SECRET]},
}


class Entries:
    """A stand-in for Secrets Manager with one document."""

    def __init__(self, document: Any) -> None:
        self.document = copy.deepcopy(document)

    def get(self, name: str, max_age: int | None = None) -> str:  # noqa: ARG002  as a Reader is called
        return self.document if isinstance(self.document, str) else json.dumps(self.document)


ENTRIES = Entries(DOCUMENT)


def source(name: str) -> Source:
    return registry.source(name, DOCUMENT[name], Policy())


def signed(name: str, headers: dict[str, str], body: bytes, now: float = NOW) -> dict[str, list[str]]:
    """The headers of a webhook, signed by its sender."""
    sender = source(name)
    scheme = sender.platform.scheme
    values = ["msg_1", str(int(now))][: len(scheme.signed_headers)]
    own = dict(zip(scheme.signed_headers, values, strict=True))
    own[scheme.header] = signatures.signature(scheme, values, body, sender.secrets[0])
    return {key.lower(): [value] for key, value in {**headers, **own}.items()}


def webhook(name: str) -> tuple[dict[str, str], bytes]:
    """(headers, body) of a webhook in events/."""
    event = json.loads((EVENTS / f"hook_{name}.json").read_text("utf-8"))
    return event["headers"], json.dumps(event["payload"], ensure_ascii=False).encode()


def example(name: str) -> str:
    """The event of that name in events/."""
    return (EVENTS / f"{name}.json").read_text("utf-8")
