"""A shop with its own server on this machine, and pictures of its products."""

import base64
import hashlib
import hmac
import io
import json
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageDraw
from standardwebhooks import Webhook

from handler.cutouts import app
from handler.hooks import app as hooks
from handler.local.poller import Context, Poller
from tests.e2e.conftest import Site
from tests.handler.web import Web

HOOK_SECRET = "hush"
CALLBACK_SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
SHOP = "spring.myshopify.com"


@dataclass(frozen=True)
class Shop:
    """A site with a registered shop, and the shop's own server with its images, on this machine."""

    site: Site
    server: Web

    def register(self, **changes: Any) -> None:
        """Register the shop. changes: to its entry in the registry."""
        entry = {
            "platform": "shopify",
            "secrets": [HOOK_SECRET],
            "shops": [SHOP],
            "callback": {"url": f"http://127.0.0.1:{self.server.port}/callbacks", "secrets": [CALLBACK_SECRET]},
            **changes,
        }
        self.site.made.client("secretsmanager").put_secret_value(
            SecretId=self.site.made.names["Registry"], SecretString=json.dumps({"spring": entry})
        )

    def product(self, number: int, names: list[str], version: int = 1, **more: Any) -> bytes:
        """The body of products/create. names: of images on the server; version: the ?v= of their URLs."""
        images = [
            {"id": 10 * number + n, "alt": None, "src": f"http://127.0.0.1:{self.server.port}/{name}?v={version}"}
            for n, name in enumerate(names)
        ]
        return json.dumps({"id": number, "title": "Shoe", "images": images, **more}).encode()

    def send(self, body: bytes, topic: str = "products/create") -> int:
        """Send a webhook. Returns the status of the response."""
        digest = hmac.new(HOOK_SECRET.encode(), body, hashlib.sha256).digest()
        headers = {
            "X-Shopify-Hmac-Sha256": [base64.b64encode(digest).decode()],
            "X-Shopify-Topic": [topic],
            "X-Shopify-Shop-Domain": [SHOP],
        }
        event = {
            "pathParameters": {"source": "spring"},
            "multiValueHeaders": headers,
            "body": base64.b64encode(body).decode(),
            "isBase64Encoded": True,
        }
        status: int = hooks.on_webhook(event, Context(10, 512))["statusCode"]
        return status

    def settle(self) -> None:
        """Run all functions until all queues are empty."""
        names = self.site.made.names
        lines = [
            (names["FetchQueue"], hooks.on_fetch, 1),
            (names["ShopQueue"], app.on_queue, 1),
            (names["CallbackQueue"], hooks.on_callback, 1),
        ]
        pollers = [
            Poller(sqs=self.site.sqs, queue_url=url, handler=run, batch_size=size, timeout_s=300, memory_mb=512)
            for url, run, size in lines
        ]
        while sum(poller.poll(wait_s=0) for poller in pollers):
            pass

    def events(self) -> list[dict[str, Any]]:
        """The events that Hairline has sent since the last call."""
        url = self.site.sqs.get_queue_url(QueueName="events")["QueueUrl"]
        found = []
        while messages := self.site.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                self.site.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                found.append(json.loads(message["Body"]))
        return found

    def callbacks(self) -> list[dict[str, Any]]:
        """The callbacks that the shop received, verified with the package standardwebhooks."""
        requests = [request for request in self.server.requests if request.path == "/callbacks"]
        return [Webhook(CALLBACK_SECRET).verify(request.body, request.headers) for request in requests]

    def originals(self) -> list[str]:
        """The keys of all versions of all objects in the input bucket."""
        pages = self.site.s3.get_paginator("list_object_versions").paginate(Bucket=self.site.made.input_bucket)
        return sorted(item["Key"] for page in pages for item in page.get("Versions", []))

    def dead(self) -> int:
        """How many messages the dead-letter queues contain."""
        names = ["ApproximateNumberOfMessages"]
        return sum(
            int(self.site.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"][names[0]])
            for name, url in self.site.made.names.items()
            if name.endswith("DeadLetterQueue")
        )


def drawn(kind: str) -> bytes:
    """A mug, a ball or a shoe on a plain background, large and sharp enough for a listing image."""
    image = Image.new("RGB", (420, 420), (225, 224, 222))
    draw = ImageDraw.Draw(image)
    match kind:
        case "mug":
            draw.rounded_rectangle((80, 60, 300, 360), 30, fill=(170, 30, 40))
            draw.arc((270, 120, 380, 280), -90, 90, fill=(150, 25, 35), width=26)
        case "ball":
            draw.ellipse((50, 50, 350, 350), fill=(20, 70, 160))
            draw.ellipse((110, 100, 190, 170), fill=(120, 160, 220))
        case "shoe":
            upper = [(20, 300), (40, 160), (200, 150), (280, 230), (400, 280), (400, 330), (20, 330)]
            draw.polygon(upper, fill=(40, 40, 45))
            draw.rectangle((20, 320, 405, 350), fill=(240, 120, 20))
    buffer = io.BytesIO()
    image.resize((1260, 1260), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def keys(product: int, count: int) -> list[str]:
    return [f"shops/spring/{SHOP}/{product}/{10 * product + n}" for n in range(count)]
